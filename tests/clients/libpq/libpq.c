/* libpq from C: what all clients built on it can ask. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

static PGconn *db;

static void feature(const char *name) { printf("# %s\n", name); }

static void fail(const PGresult *r) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE), *at = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    printf("! %s %s%s%s\n", state ? state : "-", message ? message : PQresultErrorMessage(r), at ? " at " : "", at ? at : "");
}

static void print_value(const PGresult *r, int row, int column) {
    if (PQgetisnull(r, row, column)) {
        printf("NULL");
    } else if (PQfformat(r, column) == 0) {
        for (const char *c = PQgetvalue(r, row, column); *c; c++) {
            *c == '\n' ? printf("\\n") : *c == '\r' ? printf("\\r") : putchar(*c);
        }
    } else {
        const unsigned char *v = (const unsigned char *)PQgetvalue(r, row, column);
        for (int i = 0; i < PQgetlength(r, row, column); i++) {
            printf("%02x", v[i]);
        }
    }
}

static void print_heads(const PGresult *r) {
    printf("=");
    for (int i = 0; i < PQnfields(r); i++) {
        printf(" %s:%u:%d:%d:%s:%d:%d", PQfname(r, i), PQftype(r, i), PQfsize(r, i), PQfmod(r, i), PQftable(r, i) ? "table" : "-", PQftablecol(r, i), PQfformat(r, i));
    }
    printf("\n");
}

static void show(PGresult *r) {
    switch (PQresultStatus(r)) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
        print_heads(r);
        for (int row = 0; row < PQntuples(r); row++) {
            for (int i = 0; i < PQnfields(r); i++) {
                printf(i ? "|" : "");
                print_value(r, row, i);
            }
            printf("\n");
        }
        printf("(%d) %s\n", PQntuples(r), PQcmdStatus(r));
        break;
    case PGRES_FATAL_ERROR:
    case PGRES_NONFATAL_ERROR:
        fail(r);
        break;
    default:
        printf("%s %s\n", PQresStatus(PQresultStatus(r)), PQcmdStatus(r));
    }
    PQclear(r);
}

/* Waits until the session runs a statement: a cancel that comes earlier reaches nothing. */
static void wait_for_running(const char *sql) {
    PGconn *watcher = PQconnectdb("");
    char pid[20];
    const char *values[] = {pid, sql};
    snprintf(pid, sizeof pid, "%d", PQbackendPID(db));
    for (int running = 0; !running && PQstatus(watcher) == CONNECTION_OK; usleep(20000)) {
        PGresult *r = PQexecParams(watcher, "select 1 from pg_stat_activity where pid = $1::int and state = 'active' and query = $2::text", 2, NULL, values, NULL, NULL, 0);
        running = PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r);
        PQclear(r);
    }
    usleep(200000);
    PQfinish(watcher);
}

static void query(const char *sql) { show(PQexec(db, sql)); }

static void told(void *unused, const PGresult *r) {
    (void)unused;
    printf("%s %s %s\n", PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED), PQresultErrorField(r, PG_DIAG_SQLSTATE), PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
}

static const char *tables[] = {"kinds.scalars", "kinds.edges", "kinds.nested", "names.odd", "city.metro_stations"};

static void types(int format) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "select * from %s order by 1", tables[i]);
        show(PQexecParams(db, sql, 0, NULL, NULL, NULL, NULL, format));
    }
    const char *more[] = {
        "select 1, 2147483648, 1.5, 'x', null, true, 'a'::char(3), 'b'::varchar(5), 'c'::name, 'd'::\"char\", 26::oid",
        "select 1.5::numeric(10,4), 'NaN'::numeric, -0.00012::numeric, 1e30::numeric, '2024-02-29'::date, '1:2:3'::time(2), '2024-02-29 1:2:3'::timestamp(3), '2024-02-29 1:2:3+02'::timestamptz",
        "select '1 year 2 days 3:04:05.5'::interval, '{\"b\": 1, \"a\": [1, null]}'::jsonb, '{\"b\" : 1}'::json, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '\\x00ff'::bytea",
        "select array[1, null, 3], array['a', null], array[[1, 2], [3, 4]], '{}'::text[], array[1.5, 2], array['2024-02-29'::date]",
        "select name as n, height * 2 as h, s.opened from city.metro_stations s order by 1 limit 2",
        "select t.trip_id, s.name, x.one from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station, (select 1 as one) x order by 1 limit 2",
        "with c as (select trip_id, fare from city.metro_trips) select c.fare, c.trip_id from c order by 2 limit 1",
        "select distinct ticket from city.metro_trips order by 1", "select ticket, count(*), min(fare) from city.metro_trips group by 1 order by 1",
        "select station_id from city.metro_stations union all select ticket from city.metro_trips order by 1 limit 1",
        "values (1, 'a'), (2, null)", "select current_date is not null, current_user, version() like 'PostgreSQL 15%'",
        "select relname, relnamespace, reltuples from pg_class where relname = 'scalars' limit 0", "select table_name, ordinal_position from information_schema.columns limit 0",
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        show(PQexecParams(db, more[i], 0, NULL, NULL, NULL, NULL, format));
    }
}

static void describe(const char *sql) {
    PGresult *r = PQprepare(db, "", sql, 0, NULL);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fail(r);
        PQclear(r);
        return;
    }
    PQclear(r);
    r = PQdescribePrepared(db, "");
    printf("%s ->", sql);
    for (int i = 0; i < PQnparams(r); i++) {
        printf(" %u", PQparamtype(r, i));
    }
    printf("\n");
    if (PQnfields(r)) {
        print_heads(r);
    }
    PQclear(r);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("## libpq %d\n", PQlibVersion() / 10000);
    feature("connect");
    db = PQconnectdb("application_name=libpq");
    if (PQstatus(db) != CONNECTION_OK) {
        printf("! %s", PQerrorMessage(db));
        return 1;
    }
    PQsetNoticeReceiver(db, told, NULL);
    const char *names[] = {"server_encoding", "client_encoding", "application_name", "default_transaction_read_only", "in_hot_standby", "is_superuser", "DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = PQparameterStatus(db, names[i]);
        printf("%s %s\n", names[i], value ? value : "(none)");
    }
    printf("%d %d %d %d %s\n", PQprotocolVersion(db), PQserverVersion(db) / 10000, PQtransactionStatus(db), PQbackendPID(db) > 0, strcmp(PQdb(db), getenv("PGDATABASE")) ? "another" : "its database");
    const char *attributes[] = {"target_session_attrs=any", "target_session_attrs=read-only", "target_session_attrs=standby", "target_session_attrs=prefer-standby", "options='-c search_path=kinds -c extra_float_digits=0'", "options='-c nothing.known=1'", "options='-c nothing_known=1'",
                                "client_encoding=LATIN1", "client_encoding=auto", "gssencmode=prefer", "dbname=nowhere", "options='-c DateStyle=German'"};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        PGconn *other = PQconnectdb(attributes[i]);
        printf("%s: %s", attributes[i], PQstatus(other) == CONNECTION_OK ? "in\n" : "");
        if (PQstatus(other) != CONNECTION_OK) {
            char *message = strstr(PQerrorMessage(other), "failed: "), *end;
            message = message ? message : PQerrorMessage(other);
            end = strchr(message, '\n');
            printf("%.*s\n", end ? (int)(end - message) : 200, message);
        } else if (i == 7) {
            PGresult *r = PQexec(other, "select 'é', name from city.metro_stations where station_id = 'S04'");
            printf("%d %s\n", (int)strlen(PQgetvalue(r, 0, 0)), PQparameterStatus(other, "client_encoding"));
            PQclear(r);
            r = PQexec(other, "select name_zh from city.metro_stations");
            fail(r);
            PQclear(r);
        }
        PQfinish(other);
    }

    feature("settings");
    const char *settings[] = {"show all", "set datestyle = 'SQL, DMY'", "select '2024-02-29 1:2:3'::timestamp, '2024-02-29'::date, '2024-02-29 1:2:3+00'::timestamptz", "set datestyle = 'Postgres'", "select '2024-02-29 1:2:3'::timestamp, '2024-02-29 1:2:3+00'::timestamptz", "set datestyle = 'German'",
                              "select '2024-02-29 1:2:3'::timestamp", "set datestyle = 'ISO, YMD'", "show datestyle", "set intervalstyle = 'iso_8601'", "select '1 year 2 days 3:04:05'::interval", "set intervalstyle = 'sql_standard'", "select '1 year 2 days 3:04:05'::interval", "set intervalstyle = 'postgres_verbose'", "select '1 year 2 days 3:04:05'::interval", "reset intervalstyle",
                              "set bytea_output = 'escape'", "select '\\x00ff41'::bytea", "reset bytea_output", "set extra_float_digits = -3", "select 0.1::float8 + 0.2, 1::float4 / 3", "reset extra_float_digits", "set timezone = 'America/New_York'", "select '2024-07-01 12:00:00+00'::timestamptz", "set timezone = 'nowhere'", "set time zone -5", "show timezone", "set local timezone = 'UTC'",
                              "select set_config('my.own', 'value', false), current_setting('my.own'), current_setting('my.other', true)", "set nothing = 1", "show nothing", "set work_mem = '64MB'", "set statement_timeout = '2min'", "show statement_timeout", "set client_min_messages = warning", "set role none", "set session authorization default", "set names 'utf8'", "set search_path to kinds, city", "select count(*) from scalars", "reset all", "show search_path"};
    for (size_t i = 1; i < sizeof settings / sizeof *settings; i++) {
        query(settings[i]);
    }
    printf("%s %s %s\n", PQparameterStatus(db, "DateStyle"), PQparameterStatus(db, "TimeZone"), PQparameterStatus(db, "IntervalStyle"));

    feature("types-text");
    types(0);
    feature("types-binary");
    types(1);

    feature("parameters");
    const char *described[] = {
        "select $1", "select $1::int, $2 || 'x', $3 + 1.5", "select * from kinds.scalars where id = $1 and words = $2 and exact > $3 and at < $4 and flag = $5 and day = $6 and double = $7 and bytes = $8 and large in ($9, $10) and key = $11 and small = $12 and single = $13 and clock = $14 and at_zone = $15",
        "select id from kinds.scalars where id between $1 and $2 or words like $3 or id = any($4)", "select name from city.metro_stations order by 1 limit $1 offset $2", "select upper($1), length($2), substr($3, $4, $5), abs($6::float8), round($7, 2), $8 is null",
        "select case when $1 then 1 else $2 end, coalesce($3, 1.5), nullif($4, 'a'), greatest($5, 1)", "select $1 = any(ints), $2 = any(words) from kinds.nested", "select date_trunc($1, at), at + $2, at - $3, extract(year from $4::date), to_char(at, $5) from kinds.scalars",
        "select 1 where $1", "select count(*) filter (where id > $1) from kinds.scalars having count(*) > $2", "values ($1, $2::date), ($3, $4)", "select id from kinds.scalars where (id, words) in (($1, $2))", "select id from kinds.scalars union select $1", "select $2::text, $1::int", "select $1::int[], $2::text[], $3::jsonb -> $4", "select -$1, not $2, $3::numeric(5,2)", "select $1 in (select id from kinds.scalars)", "with a as (select $1::int as x) select x + $2 from a", "show work_mem", "begin", "select", ""};
    for (size_t i = 0; i < sizeof described / sizeof *described; i++) {
        describe(described[i]);
    }
    const char *values[] = {"3", "plain", NULL};
    show(PQexecParams(db, "select $1::int, $2::text, $3::date", 3, NULL, values, NULL, NULL, 0));
    char int4[4] = {0, 0, 0, 5}, int8[8] = {0, 0, 0, 0, 0, 0, 0, 9}, float8[8] = {0x3f, (char)0xf8}, date[4] = {0, 0, 0, 0}, stamp[8] = {0}, numeric[] = {0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, (char)0x88}, flag[1] = {1};
    const Oid oids[] = {23, 20, 701, 1082, 1114, 1700, 16};
    const char *binary[] = {int4, int8, float8, date, stamp, numeric, flag};
    const int lengths[] = {4, 8, 8, 4, 8, 12, 1}, formats[] = {1, 1, 1, 1, 1, 1, 1};
    show(PQexecParams(db, "select $1, $2, $3, $4, $5, $6, $7", 7, oids, binary, lengths, formats, 0));
    show(PQexecParams(db, "select $1 + 1, $2 + 1", 2, oids, binary, (const int[]){3, 8}, formats, 0));
    show(PQexecParams(db, "select $1::int", 1, NULL, (const char *[]){"x"}, NULL, NULL, 0));
    show(PQexecParams(db, "select $1::int", 0, NULL, NULL, NULL, NULL, 0));

    feature("prepared");
    show(PQprepare(db, "s", "select words from kinds.scalars where id = $1", 0, NULL));
    show(PQprepare(db, "s", "select 1", 0, NULL));
    for (int i = 1; i < 4; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        show(PQexecPrepared(db, "s", 1, (const char *[]){id}, NULL, NULL, i % 2));
    }
    query("execute s(2)");
    query("execute s(2, 3)");
    query("select name, statement, parameter_types, from_sql from pg_prepared_statements");
    show(PQdescribePrepared(db, "none"));
    show(PQexecPrepared(db, "none", 0, NULL, NULL, NULL, 0));
    query("prepare p (int, text) as select $1 + 1, $2 || 'x'");
    show(PQexecPrepared(db, "p", 2, (const char *[]){"1", "a"}, NULL, NULL, 0));
    query("deallocate s");
    query("discard all");
    query("execute p(1, 'a')");

    feature("pipeline");
    PQenterPipelineMode(db);
    PQsendQueryParams(db, "select $1::int", 1, NULL, (const char *[]){"1"}, NULL, NULL, 0);
    PQsendPrepare(db, "s", "select words from kinds.scalars where id = $1", 0, NULL);
    PQsendDescribePrepared(db, "s");
    PQsendQueryPrepared(db, "s", 1, (const char *[]){"2"}, NULL, NULL, 0);
    PQsendQueryParams(db, "select 1 / $1::int", 1, NULL, (const char *[]){"0"}, NULL, NULL, 0);
    PQsendQueryParams(db, "select 'skipped'", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(db);
    PQsendQueryParams(db, "select 'next'", 0, NULL, NULL, NULL, NULL, 0);
    PQsendFlushRequest(db);
    PQpipelineSync(db);
    for (int syncs = 0, empty = 0; syncs < 2 && empty < 3;) {
        PGresult *r = PQgetResult(db);
        if (!r) {
            empty++;
            continue;
        }
        empty = 0;
        syncs += PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        show(r);
    }
    printf("%d\n", PQexitPipelineMode(db));

    feature("cursor");
    const char *cursor[] = {"begin", "declare c cursor for select trip_id, fare from city.metro_trips order by trip_id", "fetch 2 from c", "fetch 0 from c", "fetch prior from c", "move forward 100 in c", "fetch next from c", "declare s scroll cursor for select id, words from kinds.scalars order by id", "fetch last from s", "fetch absolute -2 from s", "fetch relative -1 from s",
                            "fetch backward all from s", "move absolute 3 in s", "fetch relative 0 from s", "select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors order by name", "close s", "fetch 1 from s", "rollback", "declare h cursor with hold for select id from kinds.scalars order by id", "fetch 2 from h", "begin", "declare b binary cursor for select 1::int4, 'x'::text", "fetch b", "close all", "commit", "fetch h", "declare n cursor for select 1"};
    for (size_t i = 0; i < sizeof cursor / sizeof *cursor; i++) {
        query(cursor[i]);
    }

    feature("stream");
    PQsendQuery(db, "select trip_id, fare from city.metro_trips order by trip_id; select 'second'");
    PQsetSingleRowMode(db);
    long sum = 0;
    int singles = 0;
    for (PGresult *r; (r = PQgetResult(db));) {
        if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
            singles++;
            sum += atol(PQgetvalue(r, 0, 0));
            PQclear(r);
        } else {
            printf("%d rows, %ld\n", singles, sum);
            show(r);
        }
    }

    feature("copy");
    const char *copies[] = {"copy city.metro_stations to stdout", "copy (select id, words, bytes, double from kinds.scalars order by id limit 4) to stdout (format csv, header, delimiter '|', quote '''', null 'none')", "copy kinds.nested (id, words) to stdout csv", "copy (select id, flag, large from kinds.scalars order by id limit 3) to stdout (format binary)", "copy city.metro_stations to stdout with delimiter ';' null as 'x'", "copy (select 1) to stdout (encoding 'latin1')",
                            "copy nowhere to stdout", "copy city.metro_stations (nope) to stdout", "copy (select 1) to stdout (format xml)", "copy (select 1) to stdout (delimiter 'ab')", "copy (select 1) to '/tmp/x'", "copy (select 1) to program 'cat'", "copy city.metro_stations from stdin", "copy city.metro_stations to stdin"};
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        PGresult *r = PQexec(db, copies[i]);
        if (PQresultStatus(r) == PGRES_COPY_OUT) {
            printf("columns %d, binary %d, first %d\n", PQnfields(r), PQbinaryTuples(r), PQfformat(r, 0));
            PQclear(r);
            char *line;
            for (int n; (n = PQgetCopyData(db, &line, 0)) > 0; PQfreemem(line)) {
                for (int j = 0; j < n; j++) {
                    (unsigned char)line[j] < 32 && line[j] != '\n' ? printf("\\x%02x", line[j]) : putchar(line[j]);
                }
            }
            while ((r = PQgetResult(db))) {
                show(r);
            }
        } else {
            show(r);
        }
    }

    feature("transactions");
    const char *transactions[] = {"begin; select 1; commit", "select 1; begin; select 2", "rollback; select 3", "select 1; select nope; select 2", "start transaction isolation level repeatable read, read only", "show transaction_isolation", "commit and chain", "show transaction_isolation", "savepoint a", "select nope", "select 1", "rollback to a", "release a", "release a", "select 1", "rollback work", "begin work isolation level serializable deferrable", "set transaction isolation level read committed",
                                  "show transaction_isolation", "end", "set session characteristics as transaction isolation level serializable", "show default_transaction_isolation", "reset default_transaction_isolation", "begin read write", "abort", "prepare transaction 'x'", "savepoint b", "rollback to nothing", "commit", "set transaction read only", "begin", "select nope", "commit"};
    for (size_t i = 0; i < sizeof transactions / sizeof *transactions; i++) {
        query(transactions[i]);
        printf("%d\n", PQtransactionStatus(db));
    }

    feature("errors");
    const char *errors[] = {"selec", "select 1 +", "select (", "select 'x", "select nope from city.metro_trips t", "select t.nope from city.metro_trips t", "select u.fare from city.metro_trips t", "select * from nothing", "select * from nowhere.nothing", "select nofunc(1, 'a', null, 1.5)", "select 1/0", "select 'x'::int", "select 'x'::date", "select 1 where 'a' = 1", "select fare from city.metro_trips group by ticket",
                            "select count(*) from city.metro_trips where count(*) > 1", "select 1 order by 2", "select 1 limit -1", "select 1 union select 1, 2", "select * from (select 1)", "select a from (values (1, 2)) t (a, a)", "select name from city.metro_stations, city.metro_stations s", "select substring('a' from -1 for -5)", "select 'a'::nothing", "insert into city.metro_trips values (1)", "update city.metro_trips set fare = 1", "delete from city.metro_trips", "create table t (a int)", "drop table city.metro_trips",
                            "create view v as select 1", "select 1;;", ";", "-- nothing", "select $1", "select 1::int2 + 32767::int2", "select 9223372036854775807 + 1", "select sqrt(-1)", "select '\\x0'::bytea", "select '{1,2'::int[]", "select '{\"a\"'::json", "select repeat('a', 10)::int", "select 'é' from nothing", "select /* é */ nope", "select 1 as \"\"", "select 1 = '1x'"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        printf("%s\n", errors[i]);
        query(errors[i]);
    }

    feature("notices");
    const char *notices[] = {"commit", "begin; begin", "rollback", "listen x", "unlisten *", "select pg_notify('x', 'y')", "do $$ begin raise notice 'a'; end $$", "set local work_mem = '1MB'"};
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        query(notices[i]);
    }

    feature("cancel");
    const char *slow[] = {"select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b", "select pg_sleep(10)", "copy (select a from generate_series(1, 100000000) a) to stdout", "select a from generate_series(1, 100000000) a order by a % 7"};
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        PQsendQuery(db, slow[i]);
        PQsetSingleRowMode(db);
        wait_for_running(slow[i]);
        char why[256];
        PGcancel *cancel = PQgetCancel(db);
        printf("%d\n", PQcancel(cancel, why, sizeof why));
        PQfreeCancel(cancel);
        for (PGresult *r; (r = PQgetResult(db));) {
            if (PQresultStatus(r) == PGRES_COPY_OUT) {
                char *line;
                while (PQgetCopyData(db, &line, 0) > 0) {
                    PQfreemem(line);
                }
            } else if (PQresultStatus(r) == PGRES_FATAL_ERROR) {
                fail(r);
            }
            PQclear(r);
        }
    }
    query("set statement_timeout = 100");
    query(slow[0]);
    query(slow[1]);
    query("reset statement_timeout");
    query("select 'after'");
    PQreset(db);
    printf("%d\n", PQstatus(db));
    PQfinish(db);
    return 0;
}
