-- Three domains by district and day: air, clinics, accidents
select d.name, sum(v.respiratory) as respiratory, avg(a.pm25) as pm25, sum(x.accidents) as accidents from health.clinic_visits v
join (
    select s.district_code, cast(h.measured_at as date) as day, avg(h.pm25) as pm25
    from environment.air_quality_hourly h join environment.air_quality_stations s on s.station_id = h.station_id
    group by s.district_code, cast(h.measured_at as date)
) a on a.district_code = v.district_code and a.day = v.day
join (
    select district_code, day, count(*) as accidents from transport.road_accidents group by district_code, day
) x on x.district_code = v.district_code and x.day = v.day
join reference.districts d on d.district_code = v.district_code
group by d.name order by d.name;
