-- Users and phrases, the most first
select userid, searchphrase, count(*) as views from clickbench.hits
group by userid, searchphrase order by views desc, userid, searchphrase limit 10;
