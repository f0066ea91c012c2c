-- How many users
select count(distinct userid) as users from clickbench.hits;
