\set id random(1, 5000)
\set station random(1, 5)
select trip_id, fare from city.metro_trips where trip_id = :id;
select s.name, count(*) from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station where t.trip_id < :id and s.station_id = 'S0' || :station group by 1;
select max(fare) as most, count(*) as n from city.metro_trips where minutes > :station \gset
select :n::int + :id, :most;
