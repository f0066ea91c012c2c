-- the catalogue itself: datasets, distributions and media types in two published data.json files (without a media type: '(none)')
WITH distribution AS (
    SELECT 'cms' AS catalog, identifier, json_array_elements(distribution) AS x
    FROM government.cat_cms
    WHERE distribution IS NOT NULL
    UNION ALL
    SELECT 'dhs', identifier, json_array_elements(distribution)
    FROM government.cat_dhs
    WHERE distribution IS NOT NULL
)
SELECT catalog,
       coalesce(x ->> 'mediaType', '(none)') AS media_type,
       count(*) AS distributions,
       count(DISTINCT identifier) AS datasets
FROM distribution
GROUP BY 1, 2
ORDER BY 1, 3 DESC, 2
