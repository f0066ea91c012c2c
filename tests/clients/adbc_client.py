"""ADBC's PostgreSQL driver: results through binary COPY, and the catalog as Arrow."""

import datetime as dt
import os
from decimal import Decimal

import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi as dbapi
import pyarrow as pa
from answers import feature, rows, show, title

PLACE = "{user}@{host}:{port}/{database}".format(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=os.environ["PGPORT"], database=os.environ["PGDATABASE"])


def failed(e):
    print("!", getattr(e, "sqlstate", None), type(e).__name__, str(e).splitlines()[0].split("ERROR:")[-1].strip()[:120])


def run(cur, query, parameters=None):
    try:
        cur.execute(query, parameters)
        table = cur.fetch_arrow_table()
        show([f"{f.name} {f.type} {f.nullable}" for f in table.schema])
        # As text where Python's own types are too narrow.
        narrow = any(pa.types.is_timestamp(f.type) and f.name == "at" for f in table.schema) and table.num_columns == 4
        rows(zip(*[(c.cast(pa.int64()) if narrow and pa.types.is_timestamp(c.type) else c.cast(pa.int32()) if narrow and pa.types.is_date(c.type) else c).to_pylist() for c in table.columns]))
    except Exception as e:  # noqa: BLE001: whatever it raises is an answer
        failed(e)


def on_its_own(step):
    def stepped():
        with dbapi.connect(f"postgresql://{PLACE}") as conn, conn.cursor() as cur:
            step(conn, cur)

    return stepped


def connect(conn, cur):
    info = conn.adbc_get_info()
    show(info["vendor_name"], str(info["vendor_version"])[:2], conn.adbc_current_catalog, conn.adbc_current_db_schema)
    conn.adbc_current_db_schema = "kinds"
    run(cur, "select count(*) from scalars")
    show(conn.adbc_current_db_schema)
    try:
        dbapi.connect(f"postgresql://{PLACE.rsplit('/', 1)[0]}/nowhere").close()
    except Exception as e:  # noqa: BLE001
        print("!", str(e).split("FATAL:")[-1].splitlines()[0].strip())


def binary(conn, cur):
    for table in ("kinds.scalars", "kinds.nested", "kinds.edges", "names.odd", "city.metro_stations"):
        run(cur, f"select * from {table} order by 1")
    run(cur, "select 1 as i, 1.5 as n, 'x' as t, null as z, true as b, array[1, 2] as a, interval '1 month 2 days 3 seconds' as iv, now() is not null as now, '{\"a\": 1}'::jsonb as j, 1::oid as o, 'n'::name as na")
    run(cur, "select count(*) as n, sum(medium) as s, avg(exact) as a, max(day) as d, sum(exact) as e, array_agg(id) as ids from kinds.scalars where id < 3")


def text(conn, cur):
    # Without COPY, values come one row after another.
    cur.adbc_statement.set_options(**{adbc_driver_postgresql.StatementOptions.USE_COPY.value: "false"})
    for table in ("kinds.scalars", "kinds.nested", "kinds.edges"):
        run(cur, f"select * from {table} order by 1")


def parameters(conn, cur):
    for value in (1, 2**40, 1.5, "text", b"\x00", True, None, dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 2), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), dt.time(1, 2), Decimal("1.50"), dt.timedelta(days=1)):
        print(repr(value))
        run(cur, "select $1 as v", (value,))
    run(cur, "select id, words from kinds.scalars where id = $1 and words like $2", (1, "p%"))
    run(cur, "select id from kinds.scalars where day > $1 order by id", (dt.date(2000, 1, 1),))
    batch = pa.record_batch({"a": pa.array([1, 2, 3], pa.int64())})
    try:
        cur.execute("select id, words from kinds.scalars where id = $1", batch)
        show(cur.fetchall())
    except Exception as e:  # noqa: BLE001
        failed(e)
    try:
        cur.executemany("select $1::int", [(1,), (2,)])
        show(cur.rowcount)
    except Exception as e:  # noqa: BLE001
        failed(e)


def prepared(conn, cur):
    schema = cur.adbc_prepare("select id, words from kinds.scalars where id = $1")
    show(schema and [f"{f.name} {f.type}" for f in schema])
    show([f"{f.name} {f.type}" for f in cur.adbc_execute_schema("select * from kinds.scalars")])


def stream(conn, cur):
    cur.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": "20000"})
    cur.execute("select * from city.metro_trips order by trip_id")
    reader = cur.fetch_record_batch()
    counts = [batch.num_rows for batch in reader]
    show(sum(counts), len(counts) > 1)
    cur.execute("select trip_id from city.metro_trips order by trip_id")
    show(cur.fetchone(), cur.fetchmany(2), sum(n for n, in cur.fetchall()))


def metadata(conn, cur):
    show(sorted(conn.adbc_get_table_types()))
    for schema, table in (("city", "metro_stations"), ("city", "metro_trips"), ("kinds", "scalars"), ("kinds", "nested"), ("names", "odd"), ("kinds", "nosuch")):
        try:
            show([f"{f.name} {f.type}" for f in conn.adbc_get_table_schema(table, db_schema_filter=schema)])
        except Exception as e:  # noqa: BLE001
            failed(e)
            conn.rollback()
    for depth in ("catalogs", "db_schemas", "tables", "all"):
        found = conn.adbc_get_objects(depth=depth, catalog_filter="open", db_schema_filter="city").read_all().to_pylist()
        for catalog in found:
            show(depth, catalog["catalog_name"])
            for schema in catalog["catalog_db_schemas"] or []:
                show(schema["db_schema_name"])
                for table in sorted(schema["db_schema_tables"] or [], key=lambda t: t["table_name"]):
                    show(table["table_name"], table["table_type"])
                    # The driver asks for them without ORDER BY.
                    for c in sorted(table["table_columns"] or [], key=lambda c: c["ordinal_position"]):
                        show(c["column_name"], c["ordinal_position"], c["remarks"], c["xdbc_type_name"], c["xdbc_is_nullable"])
                    for c in sorted(table["table_constraints"] or [], key=str):
                        show(c["constraint_name"], c["constraint_type"], c["constraint_column_names"], c["constraint_column_usage"])
    try:
        show(conn.adbc_get_statistic_names().read_all().num_rows)
    except Exception as e:  # noqa: BLE001
        failed(e)


def transactions(conn, cur):
    conn.adbc_connection.set_autocommit(True)
    run(cur, "select 1")
    conn.adbc_connection.set_autocommit(False)
    run(cur, "select 2")
    conn.commit()
    run(cur, "select nosuch")
    conn.rollback()
    run(cur, "select 3")


def errors(conn, cur):
    for query in ("select nosuch", "select * from nosuch", "selec 1", "select 1/0", "create table x (a int)", "select 10 / (3 - id) from kinds.edges order by id"):
        run(cur, query)
        conn.rollback()
    try:
        cur.adbc_ingest("made", pa.table({"a": [1]}), mode="create", db_schema_name="kinds")
    except Exception as e:  # noqa: BLE001
        failed(e)


title("ADBC")
feature("connect", on_its_own(connect))
feature("types-binary", on_its_own(binary))
feature("types-text", on_its_own(text))
feature("parameters", on_its_own(parameters))
feature("prepared", on_its_own(prepared))
feature("stream", on_its_own(stream))
feature("transactions", on_its_own(transactions))
feature("metadata", on_its_own(metadata))
feature("errors", on_its_own(errors))
