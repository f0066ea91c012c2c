"""psycopg2: parameters set into the text, named cursors, COPY through copy_expert, sessions' settings, and cancel from another thread."""

import datetime as dt
import hashlib
import io
import select
import time
import uuid
from decimal import Decimal

import psycopg2
import psycopg2.extensions as ext
import psycopg2.extras as extras
from answers import attempt, error, feature, rows, show, title, when_running

LONG = "select count(*) from city.metro_trips a, city.metro_trips b, city.metro_trips c where a.fare + b.fare > c.fare"
DSN = ""


def run(conn, query, arguments=None):
    try:
        with conn.cursor() as cur:
            cur.execute(query, arguments)
            if cur.description:
                rows(cur)
            else:
                show(cur.statusmessage)
    except Exception as e:  # noqa: BLE001: also what it cannot hold
        error(e)
        conn.rollback()


def on_its_own(step):
    def stepped():
        conn = psycopg2.connect(DSN)
        try:
            step(conn)
        finally:
            conn.close()

    return stepped


def connect(conn):
    show(conn.server_version // 10000, conn.protocol_version, conn.encoding, conn.status, conn.closed, conn.info.dbname, conn.info.user)
    for name in ("server_encoding", "TimeZone", "DateStyle", "integer_datetimes", "standard_conforming_strings", "is_superuser", "nosuch"):
        show(name, conn.get_parameter_status(name))
    for named in ({"dbname": "nowhere"}, {"options": "-c search_path=kinds -c statement_timeout=5s"}, {"application_name": "x"}):
        try:
            other = psycopg2.connect(DSN, **named)
            run(other, "select current_setting('search_path'), current_setting('statement_timeout'), current_setting('application_name')")
            other.close()
        except psycopg2.Error as e:
            print("!", str(e).splitlines()[0].split("FATAL:")[-1].strip())


def settings(conn):
    conn.set_client_encoding("UTF8")
    show(conn.encoding)
    conn.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
    run(conn, "select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')")
    conn.rollback()
    conn.set_session(isolation_level=ext.ISOLATION_LEVEL_DEFAULT, readonly=None, deferrable=None, autocommit=True)
    run(conn, "select current_setting('transaction_isolation')")
    run(conn, "set timezone to 'Asia/Tokyo'")
    run(conn, "select at_zone, at from kinds.scalars where id = 1")
    show(conn.get_parameter_status("TimeZone"))
    conn.reset()
    run(conn, "show timezone")


def encodings(conn):
    conn.set_client_encoding("LATIN1")
    show(conn.encoding)
    run(conn, "select 'é', %s", ("ü",))


def text(conn):
    extras.register_uuid()
    for table in ("kinds.scalars", "kinds.nested", "kinds.edges", "names.odd"):
        with conn.cursor() as cur:
            cur.execute(f"select * from {table} limit 0")
            names = [c.name for c in cur.description]
        for name in names:
            print(f"{table}.{name}")
            run(conn, f'select "{name}" from {table} order by id')
    run(conn, "select 1, 1.5, 'x', null, true, array[1, 2], array['a', null], interval '1 day 02:00', '{\"a\": 1}'::jsonb, date '2024-01-01', 'NaN'::numeric, b.* from (select 1) b")
    ext.register_type(ext.UNICODEARRAY)
    with conn.cursor(cursor_factory=extras.DictCursor) as cur:
        cur.execute("select id, words from kinds.scalars where id = 1")
        show(dict(cur.fetchone()))
    with conn.cursor(cursor_factory=extras.NamedTupleCursor) as cur:
        cur.execute('select id, "Mixed Case", "select" from names.odd order by id')
        show(cur.fetchone()._fields)
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cur:
        cur.execute("select count(*), max(day) from kinds.scalars")
        show(dict(cur.fetchone()))


def parameters(conn):
    extras.register_uuid()
    for value in (
        1, 2**40, 2**70, 1.5, float("nan"), float("inf"), Decimal("1.50"), Decimal("NaN"), True, None, "text", "it's \\ %s", "é🚇", b"\x00\xff'", memoryview(b"x"), dt.date(2024, 2, 29), dt.time(1, 2, 3, 4), dt.datetime(2024, 1, 2, 3, 4, 5, 6),
        dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc), dt.timedelta(days=-1, seconds=5), uuid.UUID(int=5), [1, None], ["a", 'b"'], [], (1, 2), [[1, 2], [3, 4]], extras.Json({"a": [1]}), ext.AsIs("1 + 1"),
        dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))), [dt.date(2024, 1, 1)], [Decimal("1.5")], [True], [uuid.UUID(int=1)],
    ):
        with conn.cursor() as cur:
            print(cur.mogrify("select %s", (value,)).decode())
        run(conn, "select %s", (value,))
    for condition, arguments in (
        ("id in %s", ((1, 2, 3),)), ("id = any(%s)", ([1, 2],)), ("words = %(w)s", {"w": "plain"}), ("day > %s", (dt.date(2000, 1, 1),)), ("at = %s", (dt.datetime(1970, 1, 1),)), ("at_zone > %s", (dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc),)),
        ("exact = %s", (Decimal("0.125"),)), ("bytes = %s", (b"plain",)), ("words like 'p%%' and id = %s", (1,)), ("key = %s", (uuid.UUID(int=6),)), ("flag is %s", (True,)), ("single = %s", (1.5,)), ("clock = %s", (dt.time(23),)), ("id = %s", ("1",)),
        ("words in %s", (("", "NULL"),)), ("day - %s > '2000-01-01'", (dt.timedelta(days=30),)), ("id between %s and %s", (2, 3)), ("id = %s", ("x",)),
    ):
        print(condition)
        run(conn, f"select id from kinds.scalars where {condition} order by id", arguments)
    with conn.cursor() as cur:
        show(extras.execute_values(cur, "select v.a, v.b from (values %s) as v (a, b) order by 1", [(1, "x"), (2, "y")], fetch=True))
        extras.execute_batch(cur, "select %s", [(n,) for n in range(5)])
        show(cur.fetchall())


def batch(conn):
    with conn.cursor() as cur:
        cur.execute("select 1; select 2 as two; select 3 where false")
        show(cur.fetchall(), cur.rowcount, [c.name for c in cur.description])
        attempt(cur.execute, "")
        conn.rollback()
        cur.executemany("select %s", [(1,), (2,)])
        attempt(cur.execute, "select 1; select 1/0")
        conn.rollback()


def cursor(conn):
    with conn.cursor("named") as cur:
        cur.execute("select trip_id, fare from city.metro_trips order by trip_id")
        show(cur.fetchone(), cur.fetchmany(2), cur.rownumber, cur.description and [c.name for c in cur.description])
        cur.itersize = 500
        show(sum(1 for _ in cur))
    with conn.cursor("scrolls", scrollable=True) as cur:
        cur.execute("select id from kinds.scalars order by id")
        show(cur.fetchmany(4))
        cur.scroll(-3)
        show(cur.fetchone())
        cur.scroll(6, mode="absolute")
        show(cur.fetchall())
        attempt(cur.scroll, 100)
    conn.rollback()
    with conn.cursor("held", withhold=True) as cur:
        cur.execute("select id from kinds.scalars where id < %s order by id", (4,))
        conn.commit()
        show(cur.fetchall())
    conn.commit()
    with conn.cursor("none", scrollable=False) as cur:
        cur.execute("select 1")
        attempt(cur.scroll, -1)
    conn.rollback()
    cur = conn.cursor("gone")
    cur.execute("select 1")
    conn.rollback()
    attempt(cur.fetchone)


def copy(conn):
    for query in (
        "copy (select * from kinds.scalars order by id) to stdout", "copy (select * from kinds.scalars order by id) to stdout with csv header", "copy (select * from kinds.nested order by id) to stdout (format csv, quote '''', force_quote (words))",
        "copy (select * from kinds.scalars order by id) to stdout (format binary)", "copy kinds.nosuch to stdout", "copy (select 1/(id-3) from kinds.edges order by id) to stdout",
    ):
        out = io.BytesIO()
        with conn.cursor() as cur:
            try:
                cur.copy_expert(query, out)
                show(hashlib.md5(out.getvalue()).hexdigest(), out.getvalue()[:40], cur.rowcount)
            except psycopg2.Error as e:
                error(e)
                conn.rollback()
    with conn.cursor() as cur:
        out = io.StringIO()
        cur.execute("set search_path = kinds")
        cur.copy_to(out, "edges", sep="|", null="nil", columns=("id", "double"))
        show(sorted(out.getvalue().splitlines()))
        attempt(cur.copy_from, io.StringIO("1\t2\n"), "edges", columns=("id", "double"))
    conn.rollback()


def transactions(conn):
    show(conn.get_transaction_status(), conn.isolation_level)
    with conn:
        run(conn, "select 1")
        show(conn.get_transaction_status())
    show(conn.get_transaction_status())
    run(conn, "select 1")
    try:
        conn.cursor().execute("select nosuch")
    except psycopg2.Error as e:
        error(e)
    show(conn.get_transaction_status())
    attempt(conn.cursor().execute, "select 1")
    conn.rollback()
    for level in (ext.ISOLATION_LEVEL_AUTOCOMMIT, ext.ISOLATION_LEVEL_READ_UNCOMMITTED, ext.ISOLATION_LEVEL_READ_COMMITTED, ext.ISOLATION_LEVEL_REPEATABLE_READ, ext.ISOLATION_LEVEL_SERIALIZABLE):
        conn.set_isolation_level(level)
        run(conn, "show transaction_isolation")
        show(conn.get_transaction_status())
        conn.rollback()
    conn.set_isolation_level(ext.ISOLATION_LEVEL_DEFAULT)
    run(conn, "savepoint a")
    attempt(conn.cursor().execute, "select 1/0")
    conn.cursor().execute("rollback to savepoint a")
    run(conn, "select 'after'")
    conn.rollback()
    attempt(conn.tpc_recover)


def errors(conn):
    for query in ("select nosuch", "select * from nosuch", "selec 1", "select 1/0", "select 'x'::int", "insert into kinds.edges values (1)", "create temp table x (a int)", "select nosuch(1)", "select 2147483647 + 1", "fetch 1 from nosuch", "select ''::date", "grant select on kinds.edges to public"):
        try:
            with conn.cursor() as cur:
                cur.execute(query)
                show(cur.fetchall())
        except psycopg2.Error as e:
            show(type(e).__name__, type(e).__mro__[1].__name__, e.pgcode, e.diag.severity, e.diag.message_primary, e.diag.statement_position)
        conn.rollback()


def notices(conn):
    conn.autocommit = True
    run(conn, "begin")
    run(conn, "begin")
    run(conn, "commit")
    run(conn, "commit")
    show(conn.notices)
    run(conn, "listen channel")
    conn.poll()
    show(conn.notifies)


def cancel(conn):
    canceller = when_running(conn.info.backend_pid, LONG, conn.cancel)
    began = time.monotonic()
    run(conn, LONG)
    canceller.join()
    show(time.monotonic() - began < 20)
    run(conn, "select 1")
    conn.rollback()
    run(conn, "set statement_timeout = '200ms'")
    run(conn, LONG)
    other = psycopg2.connect(DSN, async_=1)

    def wait():
        while (state := other.poll()) != ext.POLL_OK:
            select.select([other.fileno()] if state == ext.POLL_READ else [], [other.fileno()] if state == ext.POLL_WRITE else [], [], 5)

    wait()
    cur = other.cursor()
    cur.execute("select id, words from kinds.scalars where id < %s order by id", (3,))
    wait()
    show(cur.fetchall())
    cur.execute(LONG)
    show(other.isexecuting())
    when_running(other.info.backend_pid, LONG, other.cancel).join()
    attempt(wait)
    other.close()


def metadata(conn):
    with conn.cursor() as cur:
        for table in ("kinds.scalars", "kinds.nested"):
            cur.execute(f"select *, id + 1 as more from {table} limit 0")
            for c in cur.description:
                show(c.name, c.type_code, c.display_size, c.internal_size, c.precision, c.scale, c.null_ok, c.table_oid is not None, c.table_column)
    show(extras.HstoreAdapter.get_oids(conn))
    run(conn, "select typname, oid from pg_type where typname in ('json', 'jsonb', '_json', 'uuid', '_uuid') order by 1")
    try:
        caster = extras.register_composite("kinds.edges", conn)
        show(caster.name, caster.schema, caster.attnames, caster.atttypes)
        run(conn, "select s from kinds.edges s where id = 4")
    except psycopg2.Error as e:
        error(e)


title("psycopg2")
feature("connect", on_its_own(connect), on_its_own(encodings))
feature("settings", on_its_own(settings))
feature("types-text", on_its_own(text))
feature("parameters", on_its_own(parameters))
feature("batch", on_its_own(batch))
feature("cursor", on_its_own(cursor))
feature("copy", on_its_own(copy))
feature("transactions", on_its_own(transactions))
feature("errors", on_its_own(errors))
feature("notices", on_its_own(notices))
feature("cancel", on_its_own(cancel))
feature("metadata", on_its_own(metadata))
