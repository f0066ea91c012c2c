-- Three aggregates of whole columns
select sum(advengineid) as engines, count(*) as views, avg(resolutionwidth) as width from clickbench.hits;
