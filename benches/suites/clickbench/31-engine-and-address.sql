-- Search engines and addresses
select searchengineid, clientip, count(*) as views, sum(isrefresh) as refreshed, avg(resolutionwidth) as width from clickbench.hits
where searchphrase <> '' group by searchengineid, clientip order by views desc, searchengineid, clientip limit 10;
