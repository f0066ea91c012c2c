-- Text search in a large table: stations by a prefix
select count(*) as trips, count(distinct to_station) as stations from transport.metro_trips where to_station like 'S01%';
