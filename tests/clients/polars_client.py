"""polars: read_database over psycopg and SQLAlchemy, read_database_uri over connectorx and ADBC; and connectorx itself."""

import os

import connectorx
import polars as pl
import psycopg
import sqlalchemy as sa
from answers import error, feature, rows, show, title

PLACE = "{user}@{host}:{port}/{database}".format(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=os.environ["PGPORT"], database=os.environ["PGDATABASE"])
URI = f"postgresql://{PLACE}"
ORDINARY = "select id, flag, small, medium, large, single, double, exact, words, day, clock, at, at_zone from kinds.scalars where id not in (5, 6) order by id"


def frame(make):
    try:
        df = make()
    except BaseException as e:  # noqa: BLE001: a panic of a library in Rust is no Exception
        print("!", type(e).__name__, str(e).strip().splitlines()[-1][:200])
        return
    show([f"{name} {kind}" for name, kind in df.schema.items()])
    rows(df.iter_rows())


def text():
    with psycopg.connect() as conn:
        for table in ("kinds.nested", "names.odd", "city.metro_stations"):
            frame(lambda: pl.read_database("select id, ints, words, doubles from kinds.nested order by 1" if table == "kinds.nested" else f"select * from {table} order by 1", conn, infer_schema_length=None))
            conn.rollback()
        frame(lambda: pl.read_database(ORDINARY, conn, infer_schema_length=None))
        frame(lambda: pl.read_database("select id, words from kinds.scalars where id = %(id)s", conn, execute_options={"params": {"id": 1}}))
    engine = sa.create_engine(f"postgresql+psycopg2://{PLACE}")
    frame(lambda: pl.read_database("select from_station, count(*) as n, max(fare) as fare from city.metro_trips group by 1 order by 1", engine))
    engine.dispose()


def binary():
    for engine in ("connectorx", "adbc"):
        for query in (
            ORDINARY, "select id, ints, bigs, words, doubles, flags from kinds.nested order by id", "select id, key, doc, bytes from kinds.scalars order by id", "select id, place, props from kinds.nested order by id", "select * from city.metro_stations order by 1",
            'select id, "Mixed Case", "select", "数量" from names.odd order by id', "select count(*) as n, max(day) as d, sum(medium) as s, avg(exact) as a from kinds.scalars where id < 5", "select id, exacts, days from kinds.nested order by id",
            "select 1::int2 as a, 2::int4 as b, 3::int8 as c, 'x'::varchar as d, null::text as e, true as f, 1.5::numeric(5,2) as g", "select wide from kinds.scalars where id in (1, 2) order by id",
        ):
            print(engine)
            frame(lambda: pl.read_database_uri(query, URI, engine=engine))


def parts():
    """connectorx asks for the range of a column and then for each part at the same time."""
    for protocol in ("binary", "csv", "cursor", "simple"):
        table = connectorx.read_sql(URI, "select trip_id, from_station, entered_at, minutes, fare from city.metro_trips", return_type="arrow", protocol=protocol, partition_on="trip_id", partition_num=4)
        table = table.sort_by("trip_id")
        show(protocol, table.num_rows, [f"{f.name} {f.type}" for f in table.schema], table.slice(2500, 2).to_pylist())
    frame(lambda: pl.from_pandas(connectorx.read_sql(URI, "select id, words, exact, day from kinds.scalars where id < 4 order by id")))
    frame(lambda: pl.read_database_uri(["select 1 as a", "select 2 as a"], URI, engine="connectorx").sort("a"))
    show(connectorx.get_meta(URI, "select id, words, at from kinds.scalars").dtypes.astype(str).to_dict())
    with psycopg.connect() as conn:
        batches = pl.read_database("select trip_id from city.metro_trips order by trip_id", conn, iter_batches=True, batch_size=1200)
        show([len(b) for b in batches])


def errors():
    for engine in ("connectorx", "adbc"):
        for query in ("select nosuch", "select * from nosuch", "select 1/0 as a", "selec 1"):
            try:
                pl.read_database_uri(query, URI, engine=engine)
            except BaseException as e:  # noqa: BLE001
                text = str(e).replace("db error: ", "")
                print("!", type(e).__name__, next((line for line in text.splitlines() if "ERROR" in line), text)[:160])


title("polars, connectorx")
feature("types-text", text)
feature("types-binary", binary)
feature("stream", parts)
feature("errors", errors)
