"""pandas over SQLAlchemy, psycopg and ADBC: queries, whole tables, chunks."""

import datetime as dt
import os

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import sqlalchemy as sa
from answers import error, feature, show, title

PLACE = "{user}@{host}:{port}/{database}".format(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=os.environ["PGPORT"], database=os.environ["PGDATABASE"])
pd.set_option("display.width", 250, "display.max_columns", None, "display.max_colwidth", 60)


def frame(make):
    """Shows a frame's types and values, or the error of making it."""
    try:
        df = make()
    except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
        error(e.orig if isinstance(e, sa.exc.DBAPIError) else e)
        return
    show([f"{name} {kind}" for name, kind in df.dtypes.items()], df.index.names, df.shape)
    for row in df.itertuples(index=df.index.name is not None):
        row = [v.tolist() if hasattr(v, "tolist") else v for v in row]
        show(*["NA" if not isinstance(v, (list, dict)) and pd.isna(v) else v for v in row])


def with_engine(step):
    def stepped():
        engine = sa.create_engine(f"postgresql+psycopg://{PLACE}")
        with engine.connect() as conn:
            step(conn)
        engine.dispose()

    return stepped


def text(conn):
    for table in ("scalars", "nested", "edges"):
        frame(lambda: pd.read_sql(f"select * from kinds.{table} where id < 5 order by id", conn))
        conn.rollback()
    frame(lambda: pd.read_sql(sa.text("select id, day, at, at_zone from kinds.scalars where id < 5 order by id"), conn, parse_dates=["day"], index_col="id", dtype={"id": "Int64"}))
    frame(lambda: pd.read_sql("select small, medium, single, exact from kinds.scalars order by id", conn, dtype_backend="numpy_nullable"))
    frame(lambda: pd.read_sql("select small, words, day, exact from kinds.scalars order by id", conn, dtype_backend="pyarrow"))


def binary():
    with adbc.connect(f"postgresql://{PLACE}") as conn:
        for table in ("scalars", "nested", "edges"):
            frame(lambda: pd.read_sql(f"select * from kinds.{table} where id < 5 order by id", conn))
        frame(lambda: pd.read_sql("select from_station, count(*) as n, sum(minutes) as sum, max(entered_at) as last from city.metro_trips group by 1 order by 1", conn))


def metadata(conn):
    for name, schema in (("metro_stations", "city"), ("metro_stations", None), ("odd", "names"), ("scalars", "kinds"), ("nosuch", "kinds")):
        try:
            df = pd.read_sql_table(name, conn, schema=schema)
            show(name, [f"{n} {k}" for n, k in df.dtypes.items()], df.shape)
        except Exception as e:  # noqa: BLE001
            error(e)
            conn.rollback()
    frame(lambda: pd.read_sql_table("metro_trips", conn, schema="city", index_col="trip_id", columns=["from_station", "fare", "entered_at"]).sort_index().head(3))


def parameters(conn):
    frame(lambda: pd.read_sql(sa.text("select id, words from kinds.scalars where id = :id or words = :words order by id"), conn, params={"id": 1, "words": "NULL"}))
    frame(lambda: pd.read_sql("select count(*) as n from city.metro_trips where entered_at >= %(since)s and fare > %(fare)s", conn, params={"since": dt.datetime(2024, 1, 15), "fare": 3.5}))
    frame(lambda: pd.read_sql(sa.text("select id from kinds.scalars where id in :ids order by id").bindparams(sa.bindparam("ids", expanding=True)), conn, params={"ids": [1, 3, 5]}))


def stream(conn):
    show([len(part) for part in pd.read_sql("select * from city.metro_trips order by trip_id", conn, chunksize=1500)])
    served = conn.execution_options(stream_results=True)
    show([int(part["trip_id"].sum()) for part in pd.read_sql("select trip_id from city.metro_trips order by trip_id", served, chunksize=999)])


def queries(conn):
    df = pd.read_sql("select from_station, ticket, fare, minutes, entered_at from city.metro_trips", conn)
    show(df.groupby(["from_station", "ticket"]).fare.agg(["count", "sum"]).round(2).reset_index().values.tolist())
    frame(lambda: pd.read_sql("select date_trunc('week', entered_at) as week, max(fare) as fare, percentile_cont(0.5) within group (order by minutes) as median from city.metro_trips group by 1 order by 1 limit 4", conn))


def errors(conn):
    for query in ("select nosuch", "select * from nosuch", "select 1/0"):
        frame(lambda: pd.read_sql(query, conn))
        conn.rollback()
    frame(lambda: pd.DataFrame({"a": [1]}).to_sql("made", conn, schema="kinds"))
    conn.rollback()


title(f"pandas {pd.__version__.rsplit('.', 1)[0]}")
feature("types-text", with_engine(text))
feature("types-binary", binary)
feature("metadata", with_engine(metadata))
feature("parameters", with_engine(parameters))
feature("stream", with_engine(stream))
feature("queries", with_engine(queries))
feature("errors", with_engine(errors))
