-- The latest emergency calls
select received, district_code, kind, response_min from health.emergency_calls
order by received desc, district_code, kind, response_min limit 20;
