-- The first phrases by time
select searchphrase from clickbench.hits where searchphrase <> '' order by eventtime, searchphrase limit 10;
