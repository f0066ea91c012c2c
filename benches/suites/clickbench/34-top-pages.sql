-- The pages of most views
select url, count(*) as views from clickbench.hits group by url order by views desc, url limit 10;
