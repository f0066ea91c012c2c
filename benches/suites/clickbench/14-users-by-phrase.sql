-- The phrases of most users
select searchphrase, count(distinct userid) as users from clickbench.hits
where searchphrase <> '' group by searchphrase order by users desc, searchphrase limit 10;
