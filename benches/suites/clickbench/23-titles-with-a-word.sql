-- Phrases of pages by title and address
select searchphrase, min(url) as page, min(title) as title, count(*) as views, count(distinct userid) as users from clickbench.hits
where title like '%Google%' and url not like '%.google.%' and searchphrase <> ''
group by searchphrase order by views desc, searchphrase limit 10;
