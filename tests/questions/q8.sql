-- health x transport over a drifting schema: COVID-19 totals of the world on the first of each month of 2020, from daily files whose
-- columns changed three times (Country/Region became Country_Region, one column here), and the subway riders of New York on the same day
WITH report AS (
    SELECT *,
           make_date(
               substr(right(_source_file, 14), 7, 4)::int,
               substr(right(_source_file, 14), 1, 2)::int,
               substr(right(_source_file, 14), 4, 2)::int
           ) AS report_date
    FROM health.jhu_daily
)
SELECT j.report_date,
       count(*) AS rows_in_file,
       count(DISTINCT j."Country/Region") AS countries,
       sum(coalesce(j."Confirmed", 0)) AS confirmed,
       sum(coalesce(j."Deaths", 0)) AS deaths,
       max(m."Subways: Total Estimated Ridership") AS subway_rides
FROM report j
LEFT JOIN transport.mta m ON m."Date" = j.report_date
WHERE extract(day FROM j.report_date) = 1
GROUP BY 1
ORDER BY 1
