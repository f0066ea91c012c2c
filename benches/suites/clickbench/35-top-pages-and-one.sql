-- The same beside a constant
select 1 as one, url, count(*) as views from clickbench.hits group by 1, url order by views desc, url limit 10;
