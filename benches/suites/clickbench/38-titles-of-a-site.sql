-- A site's titles in a month
select title, count(*) as views from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31'
    and dontcounthits = 0 and isrefresh = 0 and title <> '' group by title order by views desc, title limit 10;
