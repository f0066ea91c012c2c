-- A group by an expression of many values
select date_trunc('minute', entered_at) as began, count(*) as trips from transport.metro_trips
group by date_trunc('minute', entered_at) having count(*) > 1 order by trips desc, began limit 20;
