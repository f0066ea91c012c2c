-- Several totals by region
select regionid, sum(advengineid) as engines, count(*) as views, avg(resolutionwidth) as width, count(distinct userid) as users
from clickbench.hits group by regionid order by views desc, regionid limit 10;
