-- The most expensive trips
select trip_id, fare, minutes from transport.metro_trips order by fare desc, minutes desc, trip_id limit 25;
