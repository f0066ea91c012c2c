-- Distinct days of each route
select route, count(distinct service_day) as days, count(*) as departures from transport.bus_departures group by route order by route;
