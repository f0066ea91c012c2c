-- A week's moving average of the weather
select day, temp_mean, avg(temp_mean) over (order by day rows between 6 preceding and current row) as week
from environment.weather_daily order by day desc limit 60;
