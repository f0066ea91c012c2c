"""asyncpg: everything binary, prepared statements with their types, cursors, COPY, its introspection of types, and timeouts that cancel."""

import asyncio
import datetime as dt
import hashlib
import io
import os
import ssl
import time
import uuid
from decimal import Decimal

import asyncpg
from answers import error, feature, show, title

LONG = "select count(*) from city.metro_trips a, city.metro_trips b, city.metro_trips c where a.fare + b.fare > c.fare"


def on_its_own(step):
    """A step with a connection of its own."""

    async def stepped():
        conn = await asyncpg.connect(statement_cache_size=20)
        try:
            await step(conn)
        finally:
            await conn.close(timeout=5)

    return lambda: asyncio.run(asyncio.wait_for(stepped(), 30))


async def run(conn, query, *arguments):
    try:
        for row in await conn.fetch(query, *arguments):
            show(*row.values())
    except Exception as e:  # noqa: BLE001: errors of values are raised as many classes
        error(e)


async def connect(conn):
    v = conn.get_server_version()
    show(v.major, v.releaselevel, conn.get_server_pid() > 0, conn.is_in_transaction())
    settings = conn.get_settings()
    show(settings.client_encoding, settings.TimeZone, settings.DateStyle, settings.standard_conforming_strings)
    for wrong in ({"database": "nowhere"}, {"server_settings": {"nosuch": "1"}}, {"server_settings": {"search_path": "kinds", "application_name": "x"}}):
        try:
            other = await asyncpg.connect(**wrong)
            show(await other.fetchval("select current_schemas(false)"), await other.fetchval("show application_name"))
            await other.close()
        except asyncpg.PostgresError as e:
            error(e)
    async with asyncpg.create_pool(min_size=2, max_size=3) as pool:
        show(await asyncio.gather(*[pool.fetchval("select $1::int", n) for n in range(10)]))
        show(await pool.fetchval("show search_path"))


async def binary(conn):
    for table, columns in (
        ("kinds.scalars", "id flag small medium large single double exact wide words bytes day clock at at_zone key doc"),
        ("kinds.nested", "id ints bigs words doubles flags days times exacts matrix place props"),
        ("kinds.edges", "id double day at"),
        ("names.odd", 'id,"Mixed Case","select","数量",doc'),
    ):
        for column in columns.split("," if "," in columns else " "):
            print(f"{table}.{column}")
            await run(conn, f"select {column} from {table} order by id")
    await run(conn, "select interval '1 year 2 months 3 days 04:05:06.789', '00:00'::interval, interval '-1 day'")
    await run(conn, "select 1, 1.5, 'x', null, true, array[1, 2], array['a', null], row(1, 'x'), '{\"a\": 1}'::jsonb, 1::oid, 'a'::name")
    await run(conn, "select s from kinds.edges s where id in (1, 4) order by id")
    await run(conn, "select array_agg(s order by id) from (select id, double from kinds.edges where id > 2) s")
    await run(conn, "select array_agg(id order by id), array_agg(words order by id) from kinds.scalars where id < 4")
    await run(conn, "select current_date is not null, now() > $1", dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
    await conn.set_type_codec("json", encoder=str, decoder=lambda s: ("decoded", s), schema="pg_catalog")
    await run(conn, "select doc from kinds.scalars where id = 1")


async def parameters(conn):
    utc = dt.timezone.utc
    for condition, arguments in (
        ("id = $1", (1,)), ("id = $1", ("x",)), ("id = $1", (2**40,)), ("id = any($1)", ([1, 2],)), ("id = any($1::int[])", ([],)), ("words = $1", ("plain",)), ("words = any($1)", (["", "NULL"],)),
        ("day = $1", (dt.date(2024, 2, 29),)), ("day between $1 and $2", (dt.date(1000, 1, 1), dt.date(2000, 1, 1))), ("at < $1", (dt.datetime(1999, 1, 1),)), ("at_zone = $1", (dt.datetime(2000, 6, 30, 22, tzinfo=utc),)),
        ("exact = $1", (Decimal("1.5"),)), ("exact > $1", (100,)), ("single = $1", (1.5,)), ("double > $1", (1e300,)), ("key = $1", (uuid.UUID(int=6),)), ("bytes = $1", (b"plain",)), ("flag = $1", (True,)),
        ("clock > $1", (dt.time(20),)), ("small = $1", (-1,)), ("large = $1", (2**63 - 1,)), ("words like $1 || '%'", ("p",)), ("$1::text is null or words = $1", (None,)), ("id = $1 + 1", (1,)), ("id in ($1, $2)", (1, 2)),
        ("at - $1 < '2000-01-01'", (dt.timedelta(days=365),)), ("extract(year from day) = $1", (2024,)), ("length(words) = $1", (5,)), ("medium / $1 > 0", (2,)), ("coalesce(small, $1) = $1", (5,)),
    ):
        print(condition)
        await run(conn, f"select id from kinds.scalars where {condition} order by id", *arguments)
    for cast, value in (
        ("int2", 5), ("int4", 5), ("int8", 5), ("float4", 1.5), ("float8", 1.5), ("numeric", Decimal("1e40")), ("numeric", Decimal("-0.00000000000001")), ("text", "é"), ("varchar(2)", "abc"), ("bool", False), ("date", dt.date.max), ("time", dt.time(1, 2, 3, 4)),
        ("timestamp", dt.datetime(2024, 1, 2, 3, 4, 5, 6)), ("timestamptz", dt.datetime(2024, 1, 2, tzinfo=utc)), ("interval", dt.timedelta(days=3, seconds=-5)), ("uuid", uuid.UUID(int=7)), ("bytea", b"\x00"), ("json", '{"a": 1}'), ("jsonb", '{"b": 1, "a": 2}'),
        ("int4[]", [1, None]), ("text[]", ["a", None]), ("int4[]", [[1, 2], [3, 4]]), ("uuid[]", [uuid.UUID(int=1)]), ("numeric[]", [Decimal("1.5")]), ("date[]", [dt.date(2024, 1, 1)]), ("timestamptz[]", [dt.datetime(2024, 1, 2, tzinfo=utc)]), ("oid", 5), ("int2", 70000),
        ("numeric", Decimal("NaN")), ("float8", float("-inf")), ("name", "x"), ("regclass", 1259), ("char(3)", "a"),
    ):
        print(cast)
        await run(conn, f"select $1::{cast}", value)
    await run(conn, "select id from kinds.scalars order by id limit $1 offset $2", 2, 3)
    await run(conn, "select $1", "untyped")
    await run(conn, "select $1 || 'x', $2::int + $3", "a", 1, 2)
    await run(conn, "select * from unnest($1::int[], $2::text[]) as t (a, b)", [1, 2], ["x", "y"])
    await run(conn, "select * from generate_series($1::int, $2) g", 1, 3)
    await run(conn, "select case when $1 then $2 else 'no' end", True, "yes")


async def prepared(conn):
    for text in (
        "select * from kinds.scalars where id = $1 and words = $2", "select $1::int as a, $2::text[] as b", "select count(*), sum(medium), avg(exact), max(day), array_agg(id) from kinds.scalars where at > $1",
        "select id from kinds.scalars where day > $1 and clock < $2 and exact = $3 and key = $4 and flag = $5 limit $6", "select 1 as one, 'x' as two, null as three, now() as four", "select place, props, matrix from kinds.nested where ints = $1",
    ):
        stmt = await conn.prepare(text)
        show(*[(p.name, p.oid, p.kind, p.schema) for p in stmt.get_parameters()])
        show(*[(a.name, a.type.name, a.type.oid, a.type.kind) for a in stmt.get_attributes()])
        show(stmt.get_statusmsg())
    stmt = await conn.prepare("select id, words from kinds.scalars where id = $1", name="mine")
    for n in (1, 2, 99):
        show(await stmt.fetchrow(n) and tuple((await stmt.fetchrow(n)).items()), stmt.get_statusmsg())
    show(await stmt.fetchval(3, column=1))
    show(*[tuple(r) for r in await conn.fetch("select name, statement, parameter_types::text, from_sql from pg_prepared_statements where name = 'mine'")])
    plan = await stmt.explain(1)
    show(isinstance(plan, list) and "Plan" in plan[0])
    try:
        await conn.prepare("select nosuch from kinds.scalars")
    except asyncpg.PostgresError as e:
        error(e)


async def cursor(conn):
    async with conn.transaction():
        cur = await conn.cursor("select trip_id, fare from city.metro_trips where trip_id > $1 order by trip_id", 10)
        show(*[tuple(r) for r in await cur.fetch(3)])
        show(await cur.forward(100), tuple(await cur.fetchrow()))
        total = 0
        async for row in conn.cursor("select trip_id from city.metro_trips", prefetch=333):
            total += row[0]
        show(total)
        stmt = await conn.prepare("select id from kinds.scalars where id > $1 order by id")
        show([r[0] async for r in stmt.cursor(4, prefetch=2)])
    try:
        await conn.cursor("select 1")
    except asyncpg.NoActiveSQLTransactionError as e:
        error(e)


async def batch(conn):
    show(await conn.execute("select 1; select 2; set application_name = 'x'"))
    show(await conn.execute("begin; select 1; commit"))
    await conn.executemany("select $1::int", [(1,), (2,)])
    show(await conn.fetch("select where false"))
    try:
        await conn.execute("select 1; select 1/0; select 3")
    except asyncpg.PostgresError as e:
        error(e)
    try:
        show([[tuple(r) for r in rows] for rows in await conn.fetchmany("select $1::int * 2", [(1,), (2,)])])
    except (asyncpg.PostgresError, AttributeError) as e:
        error(e)


async def copy(conn):
    async def told(how, *arguments, **options):
        out = io.BytesIO()
        try:
            status = await how(*arguments, output=out, **options)
            show(status, hashlib.md5(out.getvalue()).hexdigest(), out.getvalue()[:60])
        except asyncpg.PostgresError as e:
            error(e)

    await told(conn.copy_from_query, "select id, words, exact from kinds.scalars where id < $1 order by id", 5)
    await told(conn.copy_from_query, "select * from kinds.scalars order by id", format="csv", header=True, force_quote=True)
    await told(conn.copy_from_query, "select * from kinds.scalars order by id", format="binary")
    await told(conn.copy_from_query, "select * from kinds.nested order by id", format="binary")
    await told(conn.copy_from_query, "select * from kinds.edges order by id", delimiter=";", null="nil", encoding="utf8")
    await told(conn.copy_from_table, "edges", schema_name="kinds", columns=["id", "double"], format="csv")
    await told(conn.copy_from_table, "nosuch")
    try:
        await conn.copy_records_to_table("edges", schema_name="kinds", records=[(1, 1.5, None, None)])
    except asyncpg.PostgresError as e:
        error(e)
    show(await conn.fetchval("select 1"))


async def transactions(conn):
    for named in ({}, {"isolation": "serializable", "readonly": True, "deferrable": True}, {"isolation": "repeatable_read"}, {"isolation": "read_uncommitted"}, {"readonly": True}):
        tr = conn.transaction(**named)
        await tr.start()
        show(await conn.fetchval("show transaction_isolation"), await conn.fetchval("show transaction_read_only"), conn.is_in_transaction())
        try:
            async with conn.transaction():
                await conn.execute("select 1/0")
        except asyncpg.PostgresError as e:
            error(e)
        show(await conn.fetchval("select 'still'"))
        await tr.rollback()
    try:
        async with conn.transaction():
            await conn.execute("create table x (a int)")
    except asyncpg.PostgresError as e:
        error(e)
    await conn.execute("begin")
    for text in ("select nosuch", "select 1"):
        try:
            await conn.fetch(text)
        except asyncpg.PostgresError as e:
            error(e)
    await conn.reset()
    show(conn.is_in_transaction(), await conn.fetchval("select 1"))


async def errors(conn):
    for text in ("select nosuch", "select * from nosuch", "selec 1", "select 1/0", "select 'x'::int", "insert into kinds.edges values (1)", "select nosuch(1)", "select $1::nosuch", "select $2::int", "select 1; select $1", "execute nosuch(1)", "select 'é' || nosuch"):
        try:
            await conn.fetch(text)
        except asyncpg.PostgresError as e:
            show(type(e).__name__, e.sqlstate, e.severity, e.message, e.position)
        except Exception as e:  # noqa: BLE001: of the client itself
            error(e)


async def notices(conn):
    conn.add_log_listener(lambda _, m: show("notice", m.severity, m.sqlstate, m.message))
    await conn.execute("begin; begin; commit; commit")
    await conn.add_listener("channel", lambda *_: None)
    await conn.remove_listener("channel", lambda *_: None)
    await asyncio.sleep(0.05)


async def cancel(conn):
    for text in (LONG, "select pg_sleep(10)"):
        began = time.monotonic()
        try:
            await conn.fetch(text, timeout=0.3)
        except (asyncio.TimeoutError, asyncpg.PostgresError) as e:
            error(e)
        show(time.monotonic() - began < 20, await conn.fetchval("select 1"))
    task = asyncio.create_task(conn.fetch(LONG))
    await asyncio.sleep(0.2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        show("cancelled", await conn.fetchval("select 2"))
    other = await asyncpg.connect(command_timeout=0.3)
    try:
        await other.fetch(LONG)
    except asyncio.TimeoutError as e:
        error(e)
    other.terminate()


async def metadata(conn):
    rows = await conn.fetch(
        "select n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where n.nspname = any($1) and c.relkind = 'r' order by 1, 2, a.attnum",
        ["city", "kinds", "names"],
    )
    for row in rows:
        show(*row)
    stmt = await conn.prepare("select s from kinds.edges s")
    show([(a.name, a.type.name, a.type.kind, a.type.schema) for a in stmt.get_attributes()])


async def secured(**named):
    context = ssl.create_default_context(cafile=os.environ["SECURE_ROOTCERT"])
    place = {"port": int(os.environ["SECURE_PORT"]), "user": os.environ["SECURE_USER"], "password": os.environ["SECURE_PASSWORD"], "ssl": context}
    try:
        conn = await asyncpg.connect(**{**place, **named}, timeout=10)
        show(await conn.fetchval("select current_user"), await conn.fetchval("select count(*) from city.metro_trips"))
        await conn.close()
    except Exception as e:  # noqa: BLE001
        print("!", getattr(e, "sqlstate", None), type(e).__name__)


async def tls(_):
    await secured()
    await secured(ssl="require")
    await secured(ssl=False)
    await secured(ssl=ssl.create_default_context())


async def scram(_):
    await secured()
    await secured(password="wrong")
    await secured(user="nobody")


title("asyncpg")
feature("connect", on_its_own(connect))
feature("types-binary", on_its_own(binary))
feature("parameters", on_its_own(parameters))
feature("prepared", on_its_own(prepared))
feature("batch", on_its_own(batch))
feature("cursor", on_its_own(cursor))
feature("copy", on_its_own(copy))
feature("transactions", on_its_own(transactions))
feature("errors", on_its_own(errors))
feature("notices", on_its_own(notices))
feature("cancel", on_its_own(cancel))
feature("metadata", on_its_own(metadata))
feature("tls", on_its_own(tls))
feature("scram", on_its_own(scram))
