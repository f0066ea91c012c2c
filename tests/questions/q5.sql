-- transport x environment: mean departure delay by origin and visibility in 2013 (Parquet timestamps joined with those of a CSV)
SELECT f.origin,
       CASE WHEN w.visib < 2 THEN 'under 2 mi' WHEN w.visib < 10 THEN '2 to 10 mi' ELSE '10 mi' END AS visibility,
       count(*) AS flights,
       count(f.dep_delay) AS departed,
       round(avg(f.dep_delay), 2) AS mean_delay_min,
       round(100.0::float8 * count(*) FILTER (WHERE f.dep_time IS NULL) / count(*), 2) AS cancelled_pct
FROM transport.flights13 f
JOIN environment.weather13 w ON w.origin = f.origin AND w.time_hour = f.time_hour
WHERE w.visib IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
