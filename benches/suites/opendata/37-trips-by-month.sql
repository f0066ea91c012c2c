-- Date truncation to months
select date_trunc('month', entered_at) as month, count(*) as trips, sum(fare) as fares from transport.metro_trips
group by date_trunc('month', entered_at) order by month;
