-- All views
select count(*) as views from clickbench.hits;
