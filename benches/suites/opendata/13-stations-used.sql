-- Distinct values of few
select count(distinct from_station) as begun, count(distinct to_station) as ended from transport.metro_trips;
