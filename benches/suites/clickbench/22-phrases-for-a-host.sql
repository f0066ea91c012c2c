-- Phrases that led to such pages
select searchphrase, min(url) as page, count(*) as views from clickbench.hits
where url like '%google%' and searchphrase <> '' group by searchphrase order by views desc, searchphrase limit 10;
