-- health x reference x environment: confirmed cases to 29 February 2020 by province from news reports (a GB18030 file, one of whose
-- dates is cut short and does not count), the official count of 1 March, and, where known, the mean PM2.5 of February 2015
WITH news AS (
    SELECT regexp_replace("省份", '(省|市|自治区|壮族自治区|回族自治区|维吾尔自治区)$', '') AS short,
           sum("新增确诊") AS news_confirmed
    FROM health.china_cases
    WHERE "报道时间" <= DATE '2020-02-29'
    GROUP BY 1
),
official AS (
    SELECT "provinceCode" AS province_code, province, confirmed AS official_confirmed
    FROM health.china_daily_csv
    WHERE date = DATE '2020-03-01' AND "countryCode" = 'CN' AND province IS NOT NULL AND city IS NULL
),
air AS (
    SELECT '110000' AS province_code, round(avg("PM_US Post"), 2) AS pm25_feb_2015
    FROM environment.pm25_beijing
    WHERE year = 2015 AND month = 2
    UNION ALL
    SELECT '310000', round(avg("PM_US Post"), 2)
    FROM environment.pm25_shanghai
    WHERE year = 2015 AND month = 2
)
SELECT official.province_code AS "provinceCode",
       official.province,
       news.news_confirmed,
       official.official_confirmed,
       air.pm25_feb_2015
FROM official
JOIN reference.china_divisions_provinces p ON p.code = substr(official.province_code, 1, 2)
JOIN news ON starts_with(official.province, news.short)
LEFT JOIN air ON air.province_code = official.province_code
ORDER BY official.official_confirmed DESC, official.province_code
LIMIT 15
