-- transport x health x environment: the 12 countries with most airports in scheduled service, their confirmed COVID-19 cases per
-- million people on 27 July 2020 and their CO2 per head in 2018 (the country code NA is Namibia)
WITH served AS (
    SELECT iso_country AS iso2, count(*) AS scheduled_airports
    FROM transport.ourairports_airports
    WHERE scheduled_service
    GROUP BY 1
),
place AS (
    SELECT DISTINCT "Country_Region", iso2, iso3
    FROM health.jhu_places
    WHERE "Province_State" IS NULL AND "Admin2" IS NULL
),
covid AS (
    SELECT p.iso2, p.iso3, sum(j."Confirmed") AS confirmed
    FROM health.jhu_20200727 j
    JOIN place p ON p."Country_Region" = j."Country_Region"
    GROUP BY 1, 2
)
SELECT covid.iso3,
       served.scheduled_airports,
       covid.confirmed,
       round(1000000.0::float8 * covid.confirmed / pop."Value")::int8 AS cases_per_million,
       round(e.co2_per_capita, 2) AS co2_t_per_head
FROM served
JOIN covid ON covid.iso2 = served.iso2
LEFT JOIN reference.population pop ON pop."Country Code" = covid.iso3 AND pop."Year" = 2018
LEFT JOIN environment.owid_co2_data e ON e.iso_code = covid.iso3 AND e.year = 2018
ORDER BY served.scheduled_airports DESC, covid.iso3
LIMIT 12
