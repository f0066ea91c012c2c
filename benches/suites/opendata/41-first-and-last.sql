-- Bounds that metadata answers
select min(entered_at) as first, max(entered_at) as last, max(trip_id) as trips from transport.metro_trips;
