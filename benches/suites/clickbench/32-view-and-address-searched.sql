-- Views and addresses of searches
select watchid, clientip, count(*) as views, sum(isrefresh) as refreshed, avg(resolutionwidth) as width from clickbench.hits
where searchphrase <> '' group by watchid, clientip order by views desc, watchid, clientip limit 10;
