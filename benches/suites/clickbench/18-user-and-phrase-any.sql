-- Users and phrases of one group each, in their own order
select userid, searchphrase, count(*) as views from clickbench.hits
group by userid, searchphrase order by userid, searchphrase limit 10;
