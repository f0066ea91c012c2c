-- Trips by the district in which they began
select d.name, count(*) as trips, sum(t.fare) as fares from transport.metro_trips t
join transport.metro_stations s on s.station_id = t.from_station
join reference.districts d on d.district_code = s.district_code
group by d.name order by trips desc, d.name;
