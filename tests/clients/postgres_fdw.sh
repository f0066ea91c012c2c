# postgres_fdw: a database of the real PostgreSQL (POSTGRES_PORT) reads the server's tables as its own.
echo "## postgres_fdw 15"
database=fdw_$$
local="psql -X -q -A -h 127.0.0.1 -p $POSTGRES_PORT -U ${POSTGRES_USER:-postgres}"
trap '$local -d postgres -c "drop database if exists $database with (force)"' EXIT
$local -d postgres -c "create database $database" || exit 1

# Errors in the runner's form; costs, places and hints are left out.
plain() { sed -E "s/^psql:[^:]*:[0-9]+: //; s/^(ERROR|FATAL):  ([0-9A-Z]{5}): (.*)/! \2 \3/; /^(HINT|DETAIL|LOCATION|LINE|CONTEXT|STATEMENT)/d; /^ *\^$/d; s/ +\(cost=[^)]*\)//"; }
run() { $local -d $database -v VERBOSITY=verbose -P null=NULL -f - 2>&1 | plain; }

echo "# connect"
run <<SQL
create extension postgres_fdw;
create server there foreign data wrapper postgres_fdw options (host '$PGHOST', port '$PGPORT', dbname '$PGDATABASE', use_remote_estimate 'false', fetch_size '70');
create user mapping for public server there options (user '$PGUSER', password_required 'false');
create schema city; create schema kinds; create schema names; create schema rest;
import foreign schema city from server there into city;
import foreign schema kinds limit to (scalars, nested) from server there into kinds;
import foreign schema kinds except (scalars, nested) from server there into rest;
import foreign schema names from server there into names options (import_not_null 'false');
import foreign schema nowhere from server there into rest;
select count(*) from city.metro_trips;
select server_name, valid from postgres_fdw_get_connections();
SQL

echo "# metadata"
run <<SQL
select foreign_table_schema, foreign_table_name from information_schema.foreign_tables order by 1, 2;
select table_name, column_name, data_type, numeric_precision, numeric_scale, is_nullable, column_default from information_schema.columns where table_schema in ('city', 'kinds', 'names', 'rest') order by table_name, ordinal_position;
SQL

echo "# types-text"
run <<SQL
set timezone = 'UTC';
select * from kinds.scalars order by id;
select * from kinds.nested order by id;
select * from rest.edges order by id;
select * from names.odd order by id;
SQL

echo "# queries"
run <<SQL
set timezone = 'UTC';
select * from city.metro_stations where station_id = 'S02';
select ticket, count(*), sum(minutes), min(fare), max(entered_at) from city.metro_trips group by ticket order by ticket;
select s.name, count(*) from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station where t.minutes between 10 and 20 group by 1 order by 1;
select t.trip_id, s.name from city.metro_trips t left join city.metro_stations s on s.station_id = t.to_station order by t.trip_id limit 12;
select count(*) from city.metro_stations a full join city.metro_stations b on a.opened = b.opened;
select trip_id from city.metro_trips where to_station is null order by trip_id limit 3 offset 2;
select trip_id from city.metro_trips where entered_at >= '2024-02-01' and entered_at < timestamp '2024-02-01 02:00' order by 1;
select id, words from kinds.scalars where words in ('plain', 'NULL', E'\\\\N') order by id;
select id from kinds.scalars where exact > 1.25 and flag order by id;
select id from kinds.scalars where not flag or flag is null order by id;
select id from kinds.scalars where words like '%it%' or words ~ '^p' order by id;
select id from kinds.scalars where day = '2024-02-29' and bytes = '\\x706c61696e';
select id from kinds.scalars where key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
select id from kinds.nested where 2 = any(ints) order by id;
select id from kinds.nested where ints = '{1,2,3}';
select id from kinds.scalars where id = any('{1,3,5}'::int[]) order by id;
select id, abs(medium), upper(words), length(words), round(exact, 1) from kinds.scalars where abs(small) = 1 order by id;
select id from kinds.scalars where single = 0.1::real or double = 'Infinity' order by id;
select id from kinds.scalars where at_zone > '2000-01-01 00:00+02' order by at_zone desc nulls last, id;
select distinct from_station from city.metro_trips order by 1;
select from_station, count(*) filter (where ticket = 'child') from city.metro_trips group by 1 having count(*) > 5 order by 2 desc, 1;
select "Mixed Case", "select" from names.odd where "数量" > 5 order by 1;
select s.name, (select max(fare) from city.metro_trips t where t.from_station = s.station_id) from city.metro_stations s order by 1;
select name from city.metro_stations where exists (select 1 from city.metro_trips t where t.to_station = station_id and minutes > 41) order by 1;
select string_agg(name, ',' order by name) from city.metro_stations where opened is not null;
select sum(fare), avg(minutes), stddev(minutes) from city.metro_trips;
select id from kinds.scalars order by words collate "C" limit 3;
SQL

echo "# cursor"
run <<SQL
begin;
declare c cursor for select trip_id from city.metro_trips order by trip_id;
fetch 3 from c;
move 200 in c;
fetch 1 from c;
select count(*) from city.metro_stations;
fetch 1 from c;
close c;
commit;
SQL

echo "# prepared"
run <<SQL
prepare p (text, int) as select count(*) from city.metro_trips where ticket = \$1 and minutes > \$2;
execute p('child', 20); execute p('adult', 20); execute p('child', 21); execute p('child', 22); execute p('child', 23); execute p('child', 24); execute p(null, 1);
SQL

echo "# transactions"
run <<SQL
begin isolation level serializable;
select count(*) from city.metro_stations;
savepoint a;
select 1 / (opened - 1904) from city.metro_stations order by 1 limit 1;
rollback to a;
select count(*) from city.metro_stations;
commit;
SQL

echo "# errors"
run <<SQL
insert into city.metro_stations (station_id, name) values ('x', 'y');
update city.metro_trips set fare = 0 where trip_id = 1;
delete from city.metro_trips where trip_id = 1;
create foreign table rest.missing (a int) server there options (schema_name 'city', table_name 'nowhere');
select * from rest.missing;
create foreign table rest.other (trip_id int, nope text) server there options (schema_name 'city', table_name 'metro_trips');
select trip_id from rest.other order by 1 limit 1;
select nope from rest.other;
SQL

echo "# settings"
run <<SQL
analyze city.metro_stations;
analyze city.metro_trips;
select attname, n_distinct, null_frac from pg_stats where tablename = 'metro_stations' order by attname;
select relname, reltuples from pg_class where relname like 'metro%' order by 1;
alter server there options (set use_remote_estimate 'true');
select count(*) from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station where s.opened > 1950;
explain (verbose, costs off) select s.name, count(*) from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station where t.minutes < 10 group by 1 order by 1 limit 3;
alter server there options (add extensions 'postgres_fdw');
alter server there options (add async_capable 'true');
select count(*) from (select trip_id from city.metro_trips where minutes = 5 union all select trip_id from city.metro_trips where minutes = 6) t;
SQL
