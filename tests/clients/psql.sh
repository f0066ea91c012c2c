#!/usr/bin/env bash
# psql: its own commands, variables, formats and catalog queries.
set -u
psql() {
    command psql -X -q "$@" 2>&1 | sed -E '/^(HINT|DETAIL):/d'
}
# An error as the runner wants it, from `\set VERBOSITY verbose`; hints and details are each server's own.
told() {
    command psql -X -q -v VERBOSITY=verbose "$@" 2>&1 | sed -E '/^(LOCATION|HINT|DETAIL):/d; s/^(psql:[^ ]* )?(ERROR|FATAL):  ([0-9A-Z]{5}): /! \3 /'
}
echo "## psql $(command psql --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"

echo "# connect"
psql -At -c "select current_user, session_user, current_database()" -c '\encoding' -c 'show server_version_num' | sed -E 's/^15[0-9]{4}$/15/'
psql -c '\conninfo' | sed -E 's/port "[0-9]+"/port/; s/^( (Server Port|Backend PID) .*\|).*/\1/'
psql -At -c "select split_part(current_setting('server_version'), '.', 1), version() like 'PostgreSQL 15.%'"
told -d nowhere -c 'select 1' | sed -E 's/.*(FATAL)/! \1/'
PGOPTIONS="-c statement_timeout=1234 -c extra_float_digits=0" psql -At -c 'show statement_timeout' -c "select 0.1::float8 + 0.2"
PGAPPNAME=tester PGTZ=Asia/Shanghai PGDATESTYLE=German psql -At -c 'show application_name' -c 'show timezone' -c 'show datestyle' -c "select timestamptz '2024-01-01 00:00+00', date '2024-02-03'"
PGCLIENTENCODING=LATIN1 psql -At -c 'show client_encoding' -c "select 'é'" | od -An -c

echo "# settings"
psql -At <<'SQL'
set timezone = 'America/New_York';
show timezone;
select at_zone from kinds.scalars where id = 1;
set time zone interval '+05:30' hour to minute;
select at_zone from kinds.scalars where id = 1;
set datestyle = 'SQL, DMY';
select day, at, at_zone from kinds.scalars where id = 1;
set intervalstyle = 'iso_8601';
select interval '1 year 2 days 03:04:05';
set bytea_output = 'escape';
select bytes from kinds.scalars where id in (1, 3) order by id;
set extra_float_digits = 0;
select single, double from kinds.scalars where id in (1, 8) order by id;
reset all;
show datestyle;
set statement_timeout = '2min';
show statement_timeout;
select set_config('application_name', 'renamed', false), current_setting('application_name');
select current_setting('no.such', true) is null;
select name, setting, unit, vartype, context from pg_settings where name in ('statement_timeout', 'search_path', 'work_mem', 'server_encoding', 'standard_conforming_strings') order by name;
discard all;
show statement_timeout;
SQL
told -c "set datestyle = 'nonsense'" -c 'show nosuch' -c "set nosuch = 1" -c "set timezone = 'Mars/Olympus'"

echo "# types-text"
psql -c 'select * from kinds.scalars order by id' -P linestyle=ascii
psql -x -P null='<null>' -c 'select * from kinds.nested order by id'
psql --csv -c 'select * from kinds.edges order by id' -c 'select * from names.odd order by id'
psql -H -c 'select words from kinds.scalars order by id' | head -30
psql -At -F '|' -R ';' -c 'select flag, small, words from kinds.scalars where id < 4 order by id'
psql -c 'select null as a, true as b, 1::"char" as c, array[1,2] as d, row(1, $$x$$) as e'

echo "# batch"
psql -c 'select 1 as a; select 2 as b; select 3 where false'
psql -c 'select 1 \; select 2 \; select words from kinds.scalars where id = 1'
psql <<'SQL'
select 1 as one \; select 2 as two \; ;
select from kinds.edges limit 2;
;
-- only a comment
/* and /* nested */ another */ select 'done' as nested;
SQL
told -c 'select 1 as fine; select 1/0; select 2 as never'

echo "# parameters"
psql -At -v name="O'Hara \"Old\" Gate" -v table=metro_stations -v n=3 <<'SQL'
select station_id from city.:"table" where name = :'name';
select :n + 1, :{?n}, :{?m};
select station_id as picked, opened from city.metro_stations order by station_id limit 1 \gset
\echo :picked :opened
\if :{?picked}
\echo yes
\else
\echo no
\endif
select 'select ' || id || ' as made' from kinds.scalars where id < 3 order by id \gexec
SQL

echo "# prepared"
psql <<'SQL'
prepare by_id (int) as select id, words from kinds.scalars where id = $1;
execute by_id(1);
execute by_id(2);
prepare guessed as select words from kinds.scalars where id = $1 and day < $2;
execute guessed(1, '2025-01-01');
select name, statement, parameter_types, result_types, from_sql from pg_prepared_statements order by name;
deallocate by_id;
execute by_id(1);
deallocate all;
select count(*) from pg_prepared_statements;
SQL

echo "# cursor"
psql -At <<'SQL'
begin;
declare c scroll cursor for select trip_id from city.metro_trips order by trip_id;
fetch 2 from c;
fetch next from c;
move 10 from c;
fetch from c;
fetch prior from c;
fetch absolute 4999 from c;
fetch all from c;
fetch last from c;
fetch backward 2 from c;
select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors;
close c;
fetch c;
rollback;
declare held cursor with hold for select id from kinds.scalars order by id;
fetch 3 from held;
close held;
declare outside cursor for select 1;
SQL

echo "# stream"
psql -At -v FETCH_COUNT=100 -c 'select trip_id, from_station, fare from city.metro_trips order by trip_id' | md5sum
psql -At -v FETCH_COUNT=7 -c 'select count(*) from city.metro_trips' -c 'select id from kinds.scalars order by id'
psql -At -v FETCH_COUNT=1000 -c 'select 10 / (2500 - trip_id) from city.metro_trips order by trip_id' | sed -E 's/.*ERROR/ERROR/' | tail -1

echo "# copy"
out=$(mktemp -d)
psql -c "\\copy (select * from kinds.scalars order by id) to '$out/a' with (format csv, header, force_quote *)" && cat "$out/a"
psql -c "\\copy kinds.nested to '$out/b'" && sort "$out/b"
psql -c "copy (select * from kinds.scalars order by id) to stdout with (format text, delimiter ';', null 'nil')"
psql -c "copy (select id, words from kinds.scalars order by id) to stdout csv quote '''' escape '\\'"
psql -c "copy (select * from kinds.scalars order by id) to stdout (format binary)" | md5sum
psql -c "copy (select * from kinds.nested order by id) to stdout (format binary)" | md5sum
psql -c "copy city.metro_trips (trip_id, fare) to stdout" | sort -n | md5sum
psql -c "copy (select trip_id from city.metro_trips order by trip_id limit 3) to stdout \\; select 7"
rm -r "$out"
told -c "copy kinds.edges from stdin" -c "copy nowhere to stdout" -c "copy kinds.edges to '/srv/x'" -c "copy kinds.edges (nosuch) to stdout" -c "copy kinds.edges to stdout (format nonsense)" </dev/null

echo "# transactions"
told <<'SQL'
\set PROMPT1 ''
begin;
select 1 as one;
select 1/0;
select 2 as two;
commit;
begin isolation level repeatable read read only;
savepoint a;
select nosuch;
rollback to a;
select 3 as three;
release a;
show transaction_isolation;
end;
commit;
begin;
begin;
rollback;
start transaction read write;
rollback;
set session characteristics as transaction isolation level serializable;
show default_transaction_isolation;
begin;
set local statement_timeout = '9s';
show statement_timeout;
commit;
show statement_timeout;
SQL
told --single-transaction -c 'select 1 as a' -c 'select 2 as b'
told -v ON_ERROR_ROLLBACK=on -c 'begin' -c 'select 1/0' -c 'select 5 as still' -c 'commit'

echo "# errors"
told <<'SQL'
select * from nowhere;
select nosuch from kinds.scalars;
select wrods from kinds.scalars;
select * from nowhere.scalars;
select nosuch(1);
selec 1;
select 'unfinished
;
';
select 1 +;
select 'x'::int;
select '2024-13-01'::date;
select 1/0;
select large + large from kinds.scalars where id = 5;
select small::int2 * 2::int2 from kinds.scalars where id = 5;
select id, count(*) from kinds.scalars;
select s.id from kinds.scalars s, kinds.edges s;
select id from kinds.scalars, kinds.edges;
select * from kinds.scalars order by 99;
select 1 union select 'x';
select 1 where 5;
select (select id from kinds.scalars);
select sum(words) from kinds.scalars;
select words + 1 from kinds.scalars;
create table kinds.made (a int);
insert into kinds.edges values (1);
update kinds.edges set id = 2;
delete from kinds.edges;
truncate kinds.edges;
drop table kinds.edges;
alter table kinds.edges add column x int;
create view v as select 1;
SQL
command psql -X -q -v ON_ERROR_STOP=1 -c 'select 1/0' >/dev/null 2>&1
echo "exit $?"
command psql -X -q -v SHOW_CONTEXT=always <<'SQL' 2>&1 | sed /^LOCATION/d
select 1/0;
\errverbose
\set ON_ERROR_STOP 0
select 1 as x \g (format=unaligned tuples_only)
\echo :ERROR :SQLSTATE :ROW_COUNT :LAST_ERROR_MESSAGE
SQL

echo "# notices"
psql <<'SQL'
commit;
rollback;
set client_min_messages = error;
commit;
reset client_min_messages;
begin;
begin;
end;
SQL

echo "# cancel"
told -c "set statement_timeout = '200ms'" -c 'select count(*) from city.metro_trips a, city.metro_trips b, city.metro_trips c where a.fare + b.fare > c.fare'
command timeout -s INT 2 psql -X -q -c 'select count(*) from city.metro_trips a, city.metro_trips b, city.metro_trips c where a.fare + b.fare > c.fare' 2>&1 | grep -v '^Cancel request sent'

echo "# metadata"
# Every command that asks the catalog, also those that only a newer psql has.
for command in '\d' '\dt' '\dt+' '\dn c*y|kinds|names' '\dv' '\di' '\ds' '\dm' '\dE' '\d metro_stations' '\d metro_trips' '\d+ kinds.scalars' '\d+ kinds.nested' '\d odd' '\d nowhere' \
    '\dt city.*' '\dt *.metro*' '\dd' '\dp city.*' '\df nosuch' '\dT nosuch' '\db nosuch' '\dc nosuch' '\dC nosuch' '\dD' '\des' '\det' '\deu' '\dew' '\dF nosuch' '\dl' \
    '\dL nosuch' '\do nosuch' '\dO nosuch' '\dP' '\drds nosuch' '\dRp' '\dRs' '\dx nosuch' '\dX' '\dy' '\dA heap' '\dconfig search_path' '\ddp' '\sf nosuch' '\sv nosuch' '\z metro_trips' '\dti' '\dtvsm' \
    '\d metro_stations_pkey' '\d+ metro_trips' '\d+ metro_stations_pkey' '\di+ city.*' '\dfa sum' '\df abs' '\df * int4 int4' '\dfp' '\dft' '\dfw rank' \
    '\dAc btree int4' '\dAo btree integer_ops' '\dAp btree integer_ops' '\dC+ int4' '\dC text' \
    '\dcS utf8_to_latin1' '\dDS' '\des+' '\det+' '\deu+' '\dew+' '\dg reader' '\drg nosuch' '\dl+' '\dOS C' '\dP+' '\dPi' \
    '\dRp+' '\dX nosuch' '\dy+' '\dconfig+ work_mem' '\dt+ kinds.*' '\sf pg_get_userbyid' '\sf abs' '\dNx' '\ditvmsE'; do
    echo "$command"
    psql -c "$command" | sed -E 's/ +[0-9]+ (bytes|kB) +\|/ size |/; s/^(-+\+)+-+$/---/; s/ +/ /g'
done
# Their last column is PostgreSQL's own comment, which is its text and not handed on (docs/decisions/081): the columns before it.
for command in '\da sum' '\dTS int4' '\dTS int*' '\dTS _int4' '\do - int4 int4' '\do + text' '\do+ + int4' '\dA+' '\dA+ btree' '\dFS english' '\dFd simple' '\dFp' '\dFt' '\dFt+ simple'; do
    echo "$command"
    psql -c "$command" | sed -E 's/^(-+\+)+-+$/---/; s/ +/ /g; s/ \| ?[^|]*$//'
done
psql -c 'select id, words from kinds.scalars \gdesc' 2>&1
psql <<'SQL'
select * from kinds.scalars \gdesc
select ints, words, place, null as n, 1.5 as num, 'x' as txt, now() as t from kinds.nested \gdesc
select id, count(*), sum(exact), avg(medium), max(day) from kinds.scalars group by id \gdesc
select 1; \gdesc
SQL

echo "# queries"
psql <<'SQL'
select from_station, ticket, count(*) from city.metro_trips group by 1, 2 order by 1, 2 \crosstabview
select from_station, to_station, count(*) from city.metro_trips where to_station is not null group by 1, 2 order by 1, 2 \crosstabview from_station to_station count
\pset format markdown
select 1;
\pset format unaligned
\pset title 'a title'
\x on
select * from city.metro_stations order by station_id limit 2;
\x off
\pset format wrapped
\pset columns 40
select words from kinds.scalars where id in (1, 2) order by id;
\pset format latex
select words from kinds.scalars where id = 2;
\pset format asciidoc
select id, words from kinds.scalars where id = 2;
\timing off
table names.odd;
values (1, 'a'), (2, null);
SQL
psql -S -c 'select 1' -c 'select 2'
echo 'select 1 as single
select 2 as line' | command psql -X -q -S 2>&1
psql -f - -L /dev/null -c 'select 3 as c' </dev/null
psql -At --set=AUTOCOMMIT=off -c 'select 1' -c 'select now() = now()'

secured() {
    PGPORT=$SECURE_PORT PGUSER=$SECURE_USER PGPASSWORD=$SECURE_PASSWORD PGSSLROOTCERT=$SECURE_ROOTCERT command psql -X -q -At -c 'select current_user' -c '\conninfo' "$@" 2>&1 |
        sed -E "s/(port \")[0-9]+/\1/; s/.*(FATAL): +/! /; s/protocol: ([^,]*), cipher: [^,]*/\1/; s/, ALPN: [a-z]+//; s/^(Server Port|Backend PID|ALPN)\|.*/\1/; s/^psql: error: .*: (SSL|server cert|root cert)/! \1/; /^(Either|HINT)/d"
}
echo "# tls"
PGSSLMODE=verify-full secured
PGSSLMODE=require secured -c 'select count(*) from city.metro_trips'
PGSSLMODE=disable secured
PGSSLMODE=verify-full PGHOST=localhost secured
echo "# scram"
PGSSLMODE=require PGCHANNELBINDING=require secured
PGSSLMODE=require PGCHANNELBINDING=disable secured
PGSSLMODE=require secured -d nowhere
SECURE_PASSWORD=wrong PGSSLMODE=require secured
SECURE_USER=nobody PGSSLMODE=require secured
