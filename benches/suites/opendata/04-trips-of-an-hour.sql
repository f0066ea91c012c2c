-- Trips that began in one hour
select count(*) as trips, sum(fare) as fares, max(minutes) as longest from transport.metro_trips
where entered_at >= timestamp '2023-05-15 08:00:00' and entered_at < timestamp '2023-05-15 09:00:00';
