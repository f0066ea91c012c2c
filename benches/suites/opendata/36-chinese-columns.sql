-- Chinese column names and values
select "区名", count(*) as sites, sum("每日剂数") as doses from health.vaccination_sites
where "名称" like '%第一接种点' and "区名" <> '老城区' group by "区名" order by "区名";
