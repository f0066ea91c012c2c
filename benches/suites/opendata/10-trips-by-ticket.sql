-- A group of few keys
select ticket, count(*) as trips, sum(fare) as fares, avg(minutes) as minutes from transport.metro_trips group by ticket order by ticket;
