-- Addresses and the three before each
select clientip, clientip - 1 as one, clientip - 2 as two, clientip - 3 as three, count(*) as views from clickbench.hits
group by clientip, clientip - 1, clientip - 2, clientip - 3 order by views desc, clientip limit 10;
