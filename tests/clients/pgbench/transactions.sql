begin;
declare c cursor for select trip_id from city.metro_trips order by trip_id;
fetch 3 from c;
savepoint a;
rollback to a;
close c;
end;
