-- Range join: calls within hours of bad air
select c.kind, count(*) as calls from health.emergency_calls c
join environment.air_quality_stations s on s.district_code = c.district_code
join environment.air_quality_hourly h on h.station_id = s.station_id
    and c.received >= h.measured_at and c.received < h.measured_at + interval '1 hour'
where h.pm25 > 45 group by c.kind order by c.kind;
