-- Users by phone and model
select mobilephone, mobilephonemodel, count(distinct userid) as users from clickbench.hits
where mobilephonemodel <> '' group by mobilephone, mobilephonemodel order by users desc, mobilephone, mobilephonemodel limit 10;
