-- A site's pages by hash and day, of one referring page
select urlhash, eventdate, count(*) as views from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31'
    and isrefresh = 0 and traficsourceid in (6, 8, 10) and refererhash = 3594120000172545465
group by urlhash, eventdate order by views desc, urlhash, eventdate limit 10;
