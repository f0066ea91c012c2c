-- The first and the last day
select min(eventdate) as first, max(eventdate) as last from clickbench.hits;
