-- Departures more than four minutes late in one quarter
select route, count(*) as late, max(delay_s) as worst from transport.bus_departures
where service_day >= date '2023-10-01' and service_day < date '2024-01-01' and delay_s > 240
group by route order by late desc, route;
