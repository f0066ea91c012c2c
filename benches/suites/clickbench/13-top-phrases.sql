-- The phrases that are searched most
select searchphrase, count(*) as views from clickbench.hits
where searchphrase <> '' group by searchphrase order by views desc, searchphrase limit 10;
