-- Phrases by search engine
select searchengineid, searchphrase, count(*) as views from clickbench.hits
where searchphrase <> '' group by searchengineid, searchphrase order by views desc, searchengineid, searchphrase limit 10;
