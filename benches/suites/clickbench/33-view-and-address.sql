-- Views and addresses of all
select watchid, clientip, count(*) as views, sum(isrefresh) as refreshed, avg(resolutionwidth) as width from clickbench.hits
group by watchid, clientip order by views desc, watchid, clientip limit 10;
