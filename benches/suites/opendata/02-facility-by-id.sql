-- One facility by its identifier
select f.name, f.name_zh, f.kind, f.beds, d.name as district
from health.facilities f join reference.districts d on d.district_code = f.district_code
where f.facility_id = (select min(facility_id) from health.facilities where kind = 'hospital');
