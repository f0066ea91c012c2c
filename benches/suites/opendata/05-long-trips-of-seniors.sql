-- A selective scan by two columns
select from_station, count(*) as trips from transport.metro_trips
where ticket = 'senior' and minutes > 45 group by from_station order by trips desc, from_station limit 10;
