-- Trips of rainy days beside dry ones
select case when w.rain > 10 then 'wet' when w.rain > 0 then 'damp' else 'dry' end as weather, count(*) as trips, count(distinct w.day) as days
from transport.metro_trips t join environment.weather_daily w on w.day = cast(t.entered_at as date)
group by 1 order by 1;
