-- Views by advertisement engine
select advengineid, count(*) as views from clickbench.hits where advengineid <> 0 group by advengineid order by views desc, advengineid;
