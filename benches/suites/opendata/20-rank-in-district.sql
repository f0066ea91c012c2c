-- The best of each group by a window
select district_code, facility_id, beds from (
    select district_code, facility_id, beds,
        row_number() over (partition by district_code order by beds desc, facility_id) as place
    from health.facilities where beds is not null
) ranked where place <= 3 order by district_code, place;
