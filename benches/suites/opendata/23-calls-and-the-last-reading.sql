-- As-of join: the last air reading before a call
select count(*) as calls, avg(pm25) as dust from (
    select c.received, c.kind, h.pm25,
        row_number() over (partition by c.received, c.district_code, c.kind order by h.measured_at desc, h.station_id) as place
    from health.emergency_calls c
    join environment.air_quality_stations s on s.district_code = c.district_code
    join environment.air_quality_hourly h on h.station_id = s.station_id
        and h.measured_at <= c.received and h.measured_at > c.received - interval '3 hours'
) latest where place = 1;
