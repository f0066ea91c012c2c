-- transport x health: by month of 2020, subway riders of New York (in percent of a comparable day) next to COVID-19 cases and deaths
SELECT to_char(m."Date", 'YYYY-MM') AS month,
       round(avg(m."Subways: % of Comparable Pre-Pandemic Day"), 1) AS subway_pct,
       sum(c."CASE_COUNT") AS cases,
       sum(c."DEATH_COUNT") AS deaths
FROM transport.mta m
JOIN health.nyc_covid c ON c.date_of_interest = m."Date"
WHERE m."Date" < DATE '2021-01-01'
GROUP BY 1
ORDER BY 1
