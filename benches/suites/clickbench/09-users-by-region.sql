-- Users by region
select regionid, count(distinct userid) as users from clickbench.hits group by regionid order by users desc, regionid limit 10;
