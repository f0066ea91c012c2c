-- The users of most views
select userid, count(*) as views from clickbench.hits group by userid order by views desc, userid limit 10;
