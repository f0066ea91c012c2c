"""psycopg 3: both formats, server cursors, pipeline, prepared statements, COPY, adapters of every type, and its asynchronous side."""

import asyncio
import datetime as dt
import hashlib
import os
import time
import uuid
from decimal import Decimal

import psycopg
from answers import attempt, error, feature, rows, show, title, when_running
from psycopg import pq, sql
from psycopg.rows import dict_row
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo
from psycopg.types.enum import EnumInfo
from psycopg.types.json import Json, Jsonb
from psycopg.types.range import RangeInfo

UTC = dt.timezone.utc
COLUMNS = {
    "kinds.scalars": "id flag small medium large single double exact wide words bytes day clock at at_zone key doc",
    "kinds.nested": "id ints bigs words doubles flags days times exacts matrix place props",
    "kinds.edges": "id double day at",
    "names.odd": 'id "Mixed Case" "select" "数量" doc',
}
LONG = "select count(*) from city.metro_trips a, city.metro_trips b, city.metro_trips c where a.fare + b.fare > c.fare"


def run(conn, query, *arguments, **named):
    """All rows of a statement, or its error; the transaction is over then."""
    try:
        with conn.cursor(binary=named.pop("binary", False)) as cur:
            cur.execute(query, *arguments, **named)
            if cur.description:
                rows(cur)
            else:
                show(cur.statusmessage)
    except psycopg.Error as e:
        error(e)
        if not conn.autocommit:
            conn.rollback()


def connect():
    with psycopg.connect() as conn:
        info = conn.info
        show(info.server_version // 10000, info.dbname, info.user, info.encoding, info.timezone, info.transaction_status.name)
        show(info.backend_pid > 0, info.status.name, info.error_message)
        names = "server_encoding client_encoding is_superuser session_authorization DateStyle IntervalStyle TimeZone integer_datetimes standard_conforming_strings application_name default_transaction_read_only in_hot_standby nosuch"
        for name in names.split():
            show(name, info.parameter_status(name))
        show(conn.execute("select 1").fetchone())
    show(conn.closed)
    for wrong in ({"dbname": "nowhere"}, {"options": "-c nosuch=1"}, {"client_encoding": "nosuch"}, {"options": "-c statement_timeout=7s"}):
        try:
            with psycopg.connect(**wrong) as conn:
                show(conn.execute("show statement_timeout").fetchone())
        except psycopg.Error as e:
            print("!", str(e).splitlines()[0].split("FATAL:")[-1].strip())
    with psycopg.connect(application_name="näme", target_session_attrs="read-only") as conn:
        show(conn.execute("show application_name").fetchone())


def encodings():
    with psycopg.connect(client_encoding="latin1") as conn:
        run(conn, "select 'é', %s, words from kinds.scalars where id = 1", ("ü",))
        run(conn, "select words from kinds.scalars where id = 6")


def types(conn, binary):
    for table, columns in COLUMNS.items():
        for column in columns.split(" ") if table != "names.odd" else ["id", '"Mixed Case"', '"select"', '"数量"', "doc"]:
            print(f"{table}.{column}")
            run(conn, f"select {column} from {table} order by id", binary=binary)
    print("expressions")
    for text in (
        "1, 1::int2, 1::int8, 1.5, 1.5::real, 'x', 'x'::varchar(3), 'x'::char(3), true, null",
        "interval '1 year 2 months 3 days 04:05:06.789', interval '-1 day', interval '0', '25:00:00'::interval",
        "array[1, null, 3], array['a', null, 'c,d'], array[[1, 2], [3, 4]], '{}'::int[], array[1.5, 2.25]",
        "'{\"a\": [1, 2]}'::json, '{\"b\": 1, \"a\": 2}'::jsonb, '\"x\"'::jsonb, 'null'::jsonb",
        "1e400::numeric, 'NaN'::numeric, 'NaN'::float8, 'Infinity'::float4, '-Infinity'::float8, 0.1::float4",
        "100000000000000000000::numeric, 0.00000000000000000001::numeric, 0.0000::numeric, -0.5::numeric, 10000::numeric, 123456789.123456789",
        "now() is not null, current_date is not null, localtimestamp is not null",
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '\\x00ff'::bytea, ''::bytea, 16::oid, 'kinds.scalars'::regclass::text, 'abc'::name, 'c'::\"char\"",
        "row(1, 'x', null), (select s from kinds.edges s where id = 4)",
        "array_agg(id order by id), json_agg(id order by id), string_agg(words, ',' order by id) from kinds.scalars where id < 4",
        "date '0001-01-01', date '9999-12-31', time '24:00:00' - time '00:00:01', timestamp '2024-01-01 00:00:00.000001', timestamptz '2024-01-01 00:00:00+08'",
    ):
        run(conn, f"select {text}", binary=binary)


def parameters(conn):
    values = [
        0, 32767, 32768, 2147483648, 2**63, -(2**63), 2**100, 1.5, float("inf"), -0.0, 1e-300, Decimal("1.50"), Decimal("1e30"), Decimal("NaN"), True, None, "text", "", "é🚇",
        "it's \\ \"q\"", b"", b"\x00\xff", dt.date(2024, 2, 29), dt.date.max, dt.time(1, 2, 3, 4), dt.datetime(2024, 1, 2, 3, 4, 5, 6),
        dt.datetime(2024, 1, 2, tzinfo=UTC), dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=-3))), dt.timedelta(days=-1, seconds=1, microseconds=5),
        dt.timedelta(days=400), uuid.UUID(int=5), [1, 2, None], [2**40], [], ["a", None, "b,\"c"], [1.5], [Decimal("1.5")], [[1, 2], [3, 4]], [True], [dt.date(2024, 1, 1)],
        [uuid.UUID(int=1)], [b"\x01"], Json({"a": [1, None]}), Jsonb({"b": "é"}), [Jsonb(1)],
    ]
    for value in values:
        for style in ("%s", "%b", "%t"):
            print(repr(getattr(value, "obj", value)) if not isinstance(value, list) else len(value), style)
            run(conn, f"select {style}", (value,))
            run(conn, f"select pg_typeof({style})::text", (value,))
    for value, cast in ((5, "int2"), ("5", "int4"), (5, "text"), ("x", "int4"), (b"\x01", "bytea"), ("2024-01-01", "date"), ("1 day", "interval"), ("{1,2}", "int[]"), (1.5, "numeric(10,3)"), (70000, "int2")):
        run(conn, f"select %s::{cast}", (value,))
    for condition, arguments in (
        ("id = %s", (1,)), ("id = any(%s)", ([1, 2],)), ("words = %s", ("plain",)), ("day >= %s", (dt.date(2024, 1, 1),)), ("day = %s", ("2024-02-29",)), ("at < %s", (dt.datetime(1999, 1, 1),)),
        ("at_zone = %s", (dt.datetime(2000, 6, 30, 22, tzinfo=UTC),)), ("exact = %s", (Decimal("1.5"),)), ("exact > %s", (100,)), ("single = %s", (1.5,)), ("key = %s", (uuid.UUID(int=6),)),
        ("bytes = %s", (b"plain",)), ("flag = %s and small between %s and %s", (True, 0, 10)), ("words like %s", ("%a%",)), ("words is not distinct from %s", (None,)), ("id = %(a)s or id = %(b)s + %(a)s", {"a": 1, "b": 2}),
        ("clock > %s", (dt.time(20),)), ("large in (%s, %s)", (1, 2)), ("id = %s", ("x",)), ("id = %s", ("3",)), ("double > %s", (Decimal("1e300"),)), ("id = %s", (2**40,)),
    ):
        print(condition)
        run(conn, f"select id from kinds.scalars where {condition} order by id", arguments)
    run(conn, "select id from kinds.scalars order by id limit %s offset %s", (2, 3))
    run(conn, "select %s + 1, %s || 'x', coalesce(%s, 7), %s::text is null", (1, "a", None, None))
    run(conn, "select case when %s then 1 else %s end, date_trunc(%s, %s::timestamp), date '2024-01-01' + %s", (False, 2, "month", dt.datetime(2024, 5, 6), dt.timedelta(days=1)))
    run(conn, sql.SQL("select {} from {} where {} = {}").format(sql.Identifier("Mixed Case"), sql.Identifier("names", "odd"), sql.Identifier("数量"), sql.Literal(10)))
    run(conn, sql.SQL("select {}, {}, {}, {}").format("a'b\\c", dt.date(2024, 1, 1), [1, 2], Decimal("1.5")))
    run(conn, "select $1", binary=True)
    with psycopg.ClientCursor(conn) as cur:
        cur.execute("select %s, %s, %s, %s, %s", ("it's", b"\x00\\", dt.date(2024, 1, 1), [1, 2], None))
        rows(cur)
        show(cur.mogrify("select %s, %s", ("it's", 2.5)))
    with psycopg.RawCursor(conn) as cur:
        cur.execute("select $1::int + $2, $1", [1, 2])
        rows(cur)


def prepared():
    with psycopg.connect(autocommit=True, prepare_threshold=2) as conn:
        for n in range(5):
            show(conn.execute("select words from kinds.scalars where id = %s", (n,)).fetchall())
        run(conn, "select statement, parameter_types::text, from_sql from pg_prepared_statements")
        for n in (1, 2**40, 3):
            run(conn, "select %s + 1", (n,), prepare=True)
        run(conn, "select 1/%s", (0,), prepare=True)
        run(conn, "select 1/%s", (1,), prepare=True)
        conn.prepared_max = 2
        for n in range(6):
            run(conn, f"select {n}, %s", ("x",), prepare=True)
        show(conn.execute("select count(*) <= 2 from pg_prepared_statements").fetchone())
        run(conn, "deallocate all")
        run(conn, "select words from kinds.scalars where id = %s", (1,), binary=True, prepare=True)
        with conn.cursor() as cur:
            cur.execute("select * from kinds.edges where id = %s", (1,), prepare=True)
            show([c.name for c in cur.description])


def batch(conn):
    with conn.cursor() as cur:
        cur.executemany("select words from kinds.scalars where id = %s", [(1,), (2,), (99,)], returning=True)
        while True:
            show(cur.fetchall(), cur.rowcount)
            if not cur.nextset():
                break
        cur.execute("select 1; select 2, 'x'; select 3 where false")
        while True:
            show(cur.fetchall(), cur.rowcount, cur.statusmessage)
            if not cur.nextset():
                break
        cur.execute("")
        show(cur.description, cur.statusmessage)
        cur.execute("-- nothing")
        show(cur.description)
    run(conn, "select 1; select 2", (), binary=True)
    run(conn, "select %s; select 2", (1,))
    run(conn, "select 1; select 1/0; select 2")
    conn.rollback()


def pipeline():
    with psycopg.connect(autocommit=True) as conn:
        with conn.pipeline():
            cursors = [conn.execute("select id, words from kinds.scalars where id = %s", (n,)) for n in range(1, 8)]
            for cur in cursors:
                rows(cur)
        try:
            with conn.pipeline() as p:
                first = conn.execute("select 1")
                p.sync()
                second = conn.execute("select 1/0")
                third = conn.execute("select 3")
                p.sync()
                fourth = conn.execute("select 4")
                for cur in (first, second, third, fourth):
                    attempt(cur.fetchall)
        except psycopg.Error as e:
            error(e)
        show(conn.info.transaction_status.name, conn.execute("select 5").fetchone())
        with conn.pipeline(), conn.cursor() as cur:
            cur.executemany("select %s::int", [(n,) for n in range(50)], returning=True)
            total = 0
            while True:
                total += cur.fetchone()[0]
                if not cur.nextset():
                    break
            show(total)
        with conn.pipeline(), conn.transaction():
            show(conn.execute("select 1").fetchone())
            show(conn.execute("show transaction_read_only").fetchone())
        with conn.pipeline():
            show(hashlib.md5(repr(conn.execute("select * from city.metro_trips order by trip_id").fetchall()).encode()).hexdigest())


def cursor(conn):
    with conn.cursor("plain") as cur:
        cur.execute("select trip_id, fare from city.metro_trips order by trip_id")
        show(cur.fetchone(), cur.fetchmany(2), [c.name for c in cur.description])
        cur.itersize = 700
        show(sum(1 for _ in cur), cur.fetchone())
    with conn.cursor("scrolls", scrollable=True) as cur:
        cur.execute("select id from kinds.scalars order by id")
        show(cur.fetchmany(3))
        cur.scroll(-2)
        show(cur.fetchone())
        cur.scroll(5, mode="absolute")
        show(cur.fetchall(), cur.rownumber)
    with conn.cursor("never", scrollable=False) as cur:
        cur.execute("select id from kinds.scalars order by id")
        show(cur.fetchmany(3))
        attempt(cur.scroll, -2)
    conn.rollback()
    with conn.cursor("binary", binary=True) as cur:
        cur.execute("select id, exact, words, at from kinds.scalars where id < %s order by id", (4,))
        rows(cur)
    with conn.cursor("held", withhold=True) as cur:
        cur.execute("select id from kinds.scalars order by id")
        conn.commit()
        show(cur.fetchmany(4))
    conn.commit()
    with conn.cursor("Odd \"name\"") as cur:
        cur.execute("select 1")
        show(cur.fetchall())
        attempt(lambda: conn.execute('fetch all from "nosuch"').fetchall())
    conn.rollback()


def stream(conn):
    with conn.cursor() as cur:
        digest = hashlib.md5()
        for row in cur.stream("select trip_id, from_station, entered_at, minutes, fare from city.metro_trips order by trip_id"):
            digest.update(repr(row).encode())
        show(digest.hexdigest())
        show(sum(n for n, in cur.stream("select trip_id from city.metro_trips where trip_id <= %s", (1000,), binary=True)))
        if pq.version() >= 170000:
            show(sum(n for n, in cur.stream("select trip_id from city.metro_trips", size=300)))
        try:
            seen = 0
            for _ in cur.stream("select 10 / (2500 - trip_id) from city.metro_trips order by trip_id"):
                seen += 1
        except psycopg.Error as e:
            error(e)
    conn.rollback()

    async def concurrent():
        async with await psycopg.AsyncConnection.connect() as one, await psycopg.AsyncConnection.connect() as two:
            first, second = await asyncio.gather(one.execute("select 1, pg_sleep(0.1)"), two.execute("select 2"))
            show(await first.fetchone(), await second.fetchone())
            async with one.cursor("named") as cur:
                await cur.execute("select id from kinds.scalars order by id")
                show([row async for row in cur])
            async with one.pipeline():
                show(await (await one.execute("select 3")).fetchone())

    asyncio.run(concurrent())


def copy(conn):
    for options in ("", "with (format csv, header)", "with (format binary)", "with (delimiter '|', null 'nil')"):
        digest, parts = hashlib.md5(), 0
        with conn.cursor().copy(f"copy (select * from kinds.scalars order by id) to stdout {options}") as out:
            for part in out:
                digest.update(part)
                parts += 1
        show(digest.hexdigest(), parts > 0)
    with conn.cursor().copy("copy (select id, words, exact, at_zone, key from kinds.scalars order by id) to stdout (format binary)") as out:
        out.set_types(["int4", "text", "numeric", "timestamptz", "uuid"])
        rows(out.rows())
    with conn.cursor().copy("copy (select id, ints, words, place from kinds.nested order by id) to stdout") as out:
        out.set_types(["int4", "int4[]", "text[]", "json"])
        rows(out.rows())
    with conn.cursor().copy("copy (select %s::int, %s) to stdout", (1, "x")) as out:
        rows(out.rows())
    cur = conn.cursor()
    with cur.copy("copy city.metro_trips to stdout") as out:
        show(len(bytes(b"".join(out))))
    show(cur.rowcount, cur.statusmessage)
    for wrong in ("copy kinds.edges from stdin", "copy kinds.nosuch to stdout", "copy (select 1/0) to stdout"):
        try:
            with conn.cursor().copy(wrong) as out:
                if "stdin" not in wrong:
                    show(out.read())
        except psycopg.Error as e:
            error(e)
            conn.rollback()


def transactions(conn):
    with conn.transaction():
        show(conn.info.transaction_status.name)
        try:
            with conn.transaction():
                conn.execute("select nosuch")
        except psycopg.Error as e:
            error(e)
        show(conn.info.transaction_status.name, conn.execute("select 1").fetchone())
        with conn.transaction("named") as t:
            show(conn.execute("select 2").fetchone())
            raise psycopg.Rollback(t)
    conn.rollback()
    try:
        conn.execute("select 1/0")
    except psycopg.Error as e:
        error(e)
    run_inside = lambda: conn.execute("select 1").fetchone()
    attempt(run_inside)
    show(conn.info.transaction_status.name)
    conn.rollback()
    for level in psycopg.IsolationLevel:
        conn.isolation_level = level
        show(level.name, conn.execute("show transaction_isolation").fetchone())
        conn.rollback()
    conn.isolation_level = None
    conn.read_only = True
    conn.deferrable = True
    show(conn.execute("select current_setting('transaction_read_only'), current_setting('transaction_deferrable')").fetchone())
    conn.rollback()
    conn.read_only = conn.deferrable = None
    conn.autocommit = True
    show(conn.execute("select now() = now()").fetchone(), conn.info.transaction_status.name)
    conn.autocommit = False
    show(conn.execute("select txid_current_if_assigned() is null").fetchone())
    conn.rollback()
    attempt(conn.tpc_recover)
    conn.rollback()


def errors(conn):
    for text in (
        "select nosuch", "select * from nosuch", "selec 1", "select 1/0", "select 'x'::int", "select * from kinds.scalars where id = 'x'", "create table x (a int)", "insert into kinds.edges values (1)",
        "select 9223372036854775807 + 1", "select nosuch(1)", "fetch all from nosuch", "execute nosuch", "select 1 from kinds.scalars group by nosuch", "set nosuch = 1", "select '2024-02-30'::date",
        "select 'x'::uuid", "select '{1,x}'::int[]", "select '{'::json", "select 1 limit -1", "select ''::numeric", "select (select id from kinds.scalars)", "select sqrt(-1)", "select chr(0)", "lock table kinds.edges", "drop table nosuch",
        "select * from kinds.scalars, kinds.edges where id = 1", "select max(id) from kinds.scalars where max(id) > 1", "select from_station from city.metro_trips group by 2",
    ):
        print(text)
        try:
            conn.execute(text).fetchall()
        except psycopg.Error as e:
            d = e.diag
            show(type(e).__name__, e.sqlstate, d.severity, d.severity_nonlocalized, d.message_primary, d.statement_position, e.pgresult is not None and e.pgresult.status == pq.ExecStatus.FATAL_ERROR)
            conn.rollback()


def notices():
    with psycopg.connect(autocommit=True) as conn:
        conn.add_notice_handler(lambda d: show("notice", d.severity, d.sqlstate, d.message_primary))
        conn.execute("begin")
        conn.execute("begin")
        conn.execute("commit")
        conn.execute("commit")
        conn.execute("rollback")
        conn.execute("set client_min_messages = error")
        conn.execute("commit")
        conn.execute("listen channel")
        show(list(conn.notifies(timeout=0.05)))
        conn.execute("unlisten *")


def cancel():
    for how in ("cancel", "cancel_safe"):
        with psycopg.connect(autocommit=True) as conn:
            canceller = when_running(conn.info.backend_pid, LONG, getattr(conn, how))
            began = time.monotonic()
            try:
                conn.execute(LONG)
            except psycopg.Error as e:
                error(e)
            canceller.join()
            show(time.monotonic() - began < 20, conn.execute("select 1").fetchone())
    with psycopg.connect(autocommit=True) as conn:
        conn.execute("set statement_timeout = 200")
        run(conn, LONG)
        run(conn, "select pg_sleep(5)")
        conn.execute("reset statement_timeout")
        with psycopg.connect(autocommit=True) as other:
            pid = conn.info.backend_pid
            signalled = []
            canceller = when_running(pid, "pg_sleep(50)", lambda: signalled.append(other.execute("select pg_cancel_backend(%s)", (pid,)).fetchone()))
            run(conn, "select pg_sleep(50)")
            canceller.join()
            show("signalled", *signalled)
            show(other.execute("select state, query from pg_stat_activity where pid = %s", (pid,)).fetchone())

    async def timeout():
        async with await psycopg.AsyncConnection.connect(autocommit=True) as conn:
            try:
                await asyncio.wait_for(conn.execute(LONG), 0.3)
            except asyncio.TimeoutError:
                show("timed out")
            show(conn.closed)

    asyncio.run(timeout())


def metadata(conn):
    for name in ("int4", "bigint", "text", "text[]", "numeric", "timestamptz", "uuid", "jsonb", "interval", "oid", "name", "hstore", "kinds.scalars", "nosuch", "varchar", "bool", "bytea", "time"):
        info = TypeInfo.fetch(conn, name)
        show(name, info and (info.name, info.oid if info.oid < 10000 else "own", info.array_oid if info.array_oid < 10000 else "own", info.regtype, info.delimiter))
    composite = CompositeInfo.fetch(conn, "kinds.edges")
    show(composite and (composite.name, composite.field_names, composite.field_types))
    show(EnumInfo.fetch(conn, "nosuch"), RangeInfo.fetch(conn, "nosuch"))
    with conn.cursor() as cur:
        cur.execute("select *, exact * 2 as twice, 'x' as literal, id + 1 as more, count(*) over () as n, avg(exact) over () as mean from kinds.scalars")
        for c in cur.description:
            show(c.name, c.type_code, c.type_display, c.display_size, c.internal_size, c.precision, c.scale, c.null_ok)
        show([cur.pgresult.ftable(i) > 0 for i in range(cur.pgresult.nfields)], [cur.pgresult.ftablecol(i) for i in range(cur.pgresult.nfields)])
        cur.execute("select * from kinds.nested")
        for c in cur.description:
            show(c.name, c.type_code, c.type_display, c.precision, c.scale)
    with conn.cursor(row_factory=dict_row) as cur:
        show(cur.execute("select id, words from kinds.scalars where id = 1").fetchone())
        cur.execute("""select table_schema, table_name, column_name, ordinal_position, is_nullable, data_type, udt_name, numeric_precision, numeric_scale, datetime_precision, character_maximum_length, column_default
            from information_schema.columns where table_schema in ('city', 'kinds', 'names') order by 1, 2, 4""")
        for row in cur:
            show(*row.values())


def secured(**named):
    place = {"port": os.environ["SECURE_PORT"], "user": os.environ["SECURE_USER"], "password": os.environ["SECURE_PASSWORD"], "sslrootcert": os.environ["SECURE_ROOTCERT"]}
    print(*[f"{k}={v}" for k, v in named.items()])
    try:
        with psycopg.connect(**{**place, **named}) as conn:
            show(conn.execute("select current_user, 1").fetchone(), conn.pgconn.ssl_in_use, conn.pgconn.used_password)
            show(len(conn.execute("select * from city.metro_trips").fetchall()))
    except psycopg.Error as e:
        told = str(e).splitlines()[0].split("FATAL:")
        print("!", told[-1].strip() if len(told) > 1 and "pg_hba" not in told[-1] and "TLS" not in told[-1] else "refused")


def tls():
    for mode in ("verify-full", "verify-ca", "require", "prefer", "disable"):
        secured(sslmode=mode)
    secured(sslmode="verify-full", host="localhost", hostaddr="127.0.0.1")
    secured(sslmode="verify-full", host="elsewhere", hostaddr="127.0.0.1")
    secured(sslmode="verify-full", sslrootcert="/nowhere")
    secured(sslmode="require", ssl_min_protocol_version="TLSv1.3")
    secured(sslmode="require", ssl_max_protocol_version="TLSv1.2")


def scram():
    secured(sslmode="require", channel_binding="require", require_auth="scram-sha-256")
    secured(sslmode="require", channel_binding="disable")
    secured(sslmode="require", password="wrong")
    secured(sslmode="require", password="")
    secured(sslmode="require", require_auth="md5")

    async def pooled():
        place = f"host=127.0.0.1 port={os.environ['SECURE_PORT']} user={os.environ['SECURE_USER']} dbname={os.environ['PGDATABASE']} sslmode=require"
        async with await psycopg.AsyncConnection.connect(place, password=os.environ["SECURE_PASSWORD"]) as conn:
            show(await (await conn.execute("select 1")).fetchone())

    asyncio.run(pooled())


def settings(conn):
    for statement in (
        "set timezone = 'Asia/Shanghai'",
        "show timezone",
        "select at_zone from kinds.scalars where id = 1",
        "select set_config('timezone', 'UTC', false)",
        "set datestyle = 'ISO, DMY'",
        "select date '03/04/2024'",
        "reset datestyle",
        "show datestyle",
        "set local statement_timeout = 9",
        "show statement_timeout",
    ):
        run(conn, statement)
    show(len(conn.execute("show all").fetchall()) > 100)


def on_its_own(step, **named):
    """A step with a connection of its own."""

    def stepped():
        with psycopg.connect() as conn:
            step(conn, **named)

    return stepped


title("psycopg 3")
feature("connect", connect, encodings)
feature("settings", on_its_own(settings))
feature("types-text", on_its_own(types, binary=False))
feature("types-binary", on_its_own(types, binary=True))
feature("parameters", on_its_own(parameters))
feature("prepared", prepared)
feature("batch", on_its_own(batch))
feature("pipeline", pipeline)
feature("cursor", on_its_own(cursor))
feature("stream", on_its_own(stream))
feature("copy", on_its_own(copy))
feature("transactions", on_its_own(transactions))
feature("errors", on_its_own(errors))
feature("notices", notices)
feature("cancel", cancel)
feature("metadata", on_its_own(metadata))
feature("tls", tls)
feature("scram", scram)
