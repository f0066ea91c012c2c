-- One trip by its number
select trip_id, entered_at, from_station, to_station, minutes, ticket, fare from transport.metro_trips where trip_id = 4242;
