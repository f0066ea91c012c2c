-- Hours of the day and days of the week
select extract(dow from entered_at) as weekday, extract(hour from entered_at) as hour, count(*) as trips from transport.metro_trips
group by 1, 2 order by 1, 2;
