-- The dustiest hours
select station_id, measured_at, pm25 from environment.air_quality_hourly
where pm25 is not null order by pm25 desc, measured_at, station_id limit 15;
