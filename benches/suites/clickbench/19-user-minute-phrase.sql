-- Users and phrases by minute
select userid, extract(minute from eventtime) as minute, searchphrase, count(*) as views from clickbench.hits
group by userid, extract(minute from eventtime), searchphrase order by views desc, userid, minute, searchphrase limit 10;
