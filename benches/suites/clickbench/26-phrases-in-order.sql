-- The first phrases by letter
select searchphrase from clickbench.hits where searchphrase <> '' order by searchphrase limit 10;
