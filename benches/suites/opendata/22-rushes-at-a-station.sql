-- Sessions: rushes at a station that a pause of ten minutes ends
select count(*) as rushes, max(trips) as most from (
    select rush, count(*) as trips from (
        select sum(begins) over (order by entered_at, trip_id rows between unbounded preceding and current row) as rush
        from (
            select entered_at, trip_id,
                case when entered_at - lag(entered_at) over (order by entered_at, trip_id) > interval '10 minutes' then 1 else 0 end as begins
            from transport.metro_trips where from_station = 'S014'
        ) gaps
    ) rushes group by rush
) counted;
