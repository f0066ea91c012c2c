-- transport x environment: did New Yorkers take more Uber trips per day on wet days than on dry days in January and February 2015?
SELECT CASE WHEN w.actual_precipitation > 0 THEN 'wet' ELSE 'dry' END AS day_kind,
       count(*) AS days,
       round(avg(u.trips), 1) AS avg_trips,
       round(avg(w.actual_mean_temp), 2) AS avg_temp_f
FROM (SELECT date, sum(trips) AS trips FROM transport.uber_daily GROUP BY date) u
JOIN environment.weather_knyc w USING (date)
GROUP BY 1
ORDER BY 1
