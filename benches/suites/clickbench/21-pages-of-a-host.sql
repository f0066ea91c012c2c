-- Views of pages with a word in their address
select count(*) as views from clickbench.hits where url like '%google%';
