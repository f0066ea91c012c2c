-- transport x health: traffic accidents of Yaizu from 2019 to 2022 by weather, people hurt and killed, and how many accidents lie
-- within 200 m of a defibrillator (great-circle distance on a sphere of 6 371 000 m)
WITH accident AS (
    -- the order makes an accident's number the same wherever this is evaluated; rows equal in all five are interchangeable
    SELECT row_number() OVER (ORDER BY "天候区分", "負傷者数", "死者数", "緯度", "経度") AS id,
           "天候区分" AS weather,
           "負傷者数" AS hurt,
           "死者数" AS dead,
           "緯度" AS lat,
           "経度" AS lon
    FROM transport.yaizu_accidents
),
aed AS (
    SELECT "緯度" AS lat, "経度" AS lon FROM health.yaizu_aed WHERE "緯度" IS NOT NULL
),
near AS (
    SELECT DISTINCT a.id
    FROM accident a
    JOIN aed d ON 2 * 6371000 * asin(sqrt(
        power(sin(radians(d.lat - a.lat) / 2), 2)
        + cos(radians(a.lat)) * cos(radians(d.lat)) * power(sin(radians(d.lon - a.lon) / 2), 2)
    )) <= 200
)
SELECT accident.weather,
       count(*) AS accidents,
       sum(accident.hurt) AS hurt,
       sum(accident.dead) AS dead,
       count(near.id) AS within_200m_of_aed
FROM accident
LEFT JOIN near ON near.id = accident.id
GROUP BY 1
ORDER BY 2 DESC, 1
