-- Range join: accidents within two days of a holiday
select h.name, count(*) as accidents, sum(a.hurt) as hurt from reference.holidays h
join transport.road_accidents a on a.day between h.day - interval '2 days' and h.day + interval '2 days'
group by h.name order by h.name;
