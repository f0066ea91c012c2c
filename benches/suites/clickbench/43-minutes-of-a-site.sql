-- A site's views by the minute of two days
select date_trunc('minute', eventtime) as minute, count(*) as views from clickbench.hits
where counterid = 62 and eventdate >= date '2013-07-14' and eventdate <= date '2013-07-15' and isrefresh = 0 and dontcounthits = 0
group by date_trunc('minute', eventtime) order by minute limit 10 offset 100;
