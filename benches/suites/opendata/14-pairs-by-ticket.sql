-- Distinct values within groups
select ticket, count(distinct from_station || to_station) as pairs from transport.metro_trips group by ticket order by ticket;
