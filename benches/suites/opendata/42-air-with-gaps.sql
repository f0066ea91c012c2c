-- Readings by district, with those that are missing
select s.district_code, count(*) as readings, count(h.no2) as no2, max(h.o3) as most_o3, sum(case when h.pm10 > 50 then 1 else 0 end) as dusty
from environment.air_quality_hourly h join environment.air_quality_stations s on s.station_id = h.station_id
group by s.district_code order by s.district_code;
