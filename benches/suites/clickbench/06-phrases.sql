-- How many search phrases
select count(distinct searchphrase) as phrases from clickbench.hits;
