-- A count that metadata answers
select count(*) as trips from transport.metro_trips;
