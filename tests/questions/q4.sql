-- environment x health x transport: the 10 US states with the worst mean of the counties' median air quality index in 2018, their
-- acute care hospitals with an emergency service, and their open runways of 8 000 ft and more
WITH air AS (
    SELECT s."Postal" AS st, round(avg(a."Median AQI"), 2) AS mean_median_aqi, count(*) AS counties
    FROM environment.aqi_county a
    JOIN reference.us_states s ON s."State" = a."State"
    GROUP BY 1
),
care AS (
    SELECT "State" AS st, count(*) AS hospitals
    FROM health.hospitals
    WHERE "Hospital Type" = 'Acute Care Hospitals' AND "Emergency Services"
    GROUP BY 1
),
runway AS (
    SELECT substr(p.iso_region, 4) AS st, count(*) AS long_runways
    FROM transport.ourairports_runways r
    JOIN transport.ourairports_airports p ON p.ident = r.airport_ident
    WHERE p.iso_country = 'US' AND r.length_ft >= 8000 AND r.closed = 0 AND p.type <> 'closed'
    GROUP BY 1
)
SELECT air.st, air.counties, air.mean_median_aqi, care.hospitals, runway.long_runways
FROM air
JOIN care ON care.st = air.st
LEFT JOIN runway ON runway.st = air.st
ORDER BY air.mean_median_aqi DESC, air.st
LIMIT 10
