-- Users by model of phone
select mobilephonemodel, count(distinct userid) as users from clickbench.hits
where mobilephonemodel <> '' group by mobilephonemodel order by users desc, mobilephonemodel limit 10;
