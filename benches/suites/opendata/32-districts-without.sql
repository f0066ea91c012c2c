-- Districts without a hospital of many beds: an anti join
select d.district_code, d.name from reference.districts d
where not exists (select 1 from health.facilities f where f.district_code = d.district_code and f.beds > 300)
order by d.district_code;
