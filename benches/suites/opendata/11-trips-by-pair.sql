-- A group of many keys
select from_station, to_station, count(*) as trips, min(minutes) as fastest from transport.metro_trips
group by from_station, to_station order by trips desc, from_station, to_station limit 20;
