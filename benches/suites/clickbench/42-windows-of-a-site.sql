-- The sizes of windows for one page
select windowclientwidth, windowclientheight, count(*) as views from clickbench.hits where counterid = 62 and eventdate >= date '2013-07-01' and eventdate <= date '2013-07-31'
    and isrefresh = 0 and dontcounthits = 0 and urlhash = 2868770270353813622
group by windowclientwidth, windowclientheight order by views desc, windowclientwidth, windowclientheight limit 10;
