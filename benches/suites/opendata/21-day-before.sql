-- Change against the day before
select district_code, day, respiratory - before as more from (
    select district_code, day, respiratory,
        lag(respiratory) over (partition by district_code order by day) as before
    from health.clinic_visits
) days where respiratory is not null and before is not null order by more desc, district_code, day limit 20;
