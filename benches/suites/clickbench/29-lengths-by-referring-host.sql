-- The mean length of referring addresses by their host
select regexp_replace(referer, '^https?://(?:www\.)?([^/]+)/.*$', '\1') as host, avg(length(referer)) as length, count(*) as views, min(referer) as least
from clickbench.hits where referer <> ''
group by regexp_replace(referer, '^https?://(?:www\.)?([^/]+)/.*$', '\1') having count(*) > 100 order by length desc, host limit 25;
