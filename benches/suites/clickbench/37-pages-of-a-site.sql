-- A site's pages in a month
select url, count(*) as views from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31'
    and dontcounthits = 0 and isrefresh = 0 and url <> '' group by url order by views desc, url limit 10;
