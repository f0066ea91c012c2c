-- The mean of large numbers
select avg(userid) as mean from clickbench.hits;
