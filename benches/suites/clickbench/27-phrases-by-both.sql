-- The first phrases by time, then letter, later ones first
select searchphrase, eventtime from clickbench.hits where searchphrase <> '' order by eventtime desc, searchphrase limit 10;
