-- A site's links, some pages on
select url, count(*) as views from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31'
    and isrefresh = 0 and islink <> 0 and isdownload = 0 group by url order by views desc, url limit 10 offset 20;
