-- Chinese text: stations and facilities of a name
select s.station_id, s.name_zh, d.name_zh as district from transport.metro_stations s
join reference.districts d on d.district_code = s.district_code
where s.name_zh like '%门%' or d.name_zh = '老城区' order by s.station_id;
