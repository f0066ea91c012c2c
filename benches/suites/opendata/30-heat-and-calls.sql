-- Three domains by day: heat, calls, cyclists
select w.day, w.temp_max, c.calls, b.bikes from environment.weather_daily w
join (select cast(received as date) as day, count(*) as calls from health.emergency_calls group by cast(received as date)) c on c.day = w.day
join (select cast(counted_at as date) as day, sum(bikes) as bikes from transport.bike_counters group by cast(counted_at as date)) b on b.day = w.day
order by w.temp_max desc, w.day limit 20;
