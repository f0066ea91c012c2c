-- Views that came by an advertisement
select count(*) as views from clickbench.hits where advengineid <> 0;
