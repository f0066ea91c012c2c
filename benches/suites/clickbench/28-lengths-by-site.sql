-- The mean length of addresses by site
select counterid, avg(length(url)) as length, count(*) as views from clickbench.hits
where url <> '' group by counterid having count(*) > 100 order by length desc, counterid limit 25;
