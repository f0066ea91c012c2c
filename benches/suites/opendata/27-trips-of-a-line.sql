-- A filter of a small table that narrows the large one
select l.name, count(*) as trips, avg(t.minutes) as minutes from transport.metro_trips t
join transport.metro_stations s on s.station_id = t.from_station
join transport.metro_lines l on l.line_id = s.line_id
where l.name = 'Airport Line' group by l.name;
