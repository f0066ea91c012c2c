-- Where a site's views come from, some pages on
select traficsourceid, searchengineid, advengineid, case when searchengineid = 0 and advengineid = 0 then referer else '' end as source, url as target, count(*) as views
from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31' and isrefresh = 0
group by traficsourceid, searchengineid, advengineid, case when searchengineid = 0 and advengineid = 0 then referer else '' end, url
order by views desc, traficsourceid, searchengineid, advengineid, source, target limit 10 offset 1000;
