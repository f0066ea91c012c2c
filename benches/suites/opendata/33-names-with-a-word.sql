-- Text search: facilities by a word of their name
select facility_id, name, kind from health.facilities where lower(name) like '%harbour%' order by facility_id limit 20;
