"""SQLAlchemy 2.1: the inspector, reflection and Core statements, with each of its three drivers."""

import asyncio
import datetime as dt
import os
import sys
import uuid
from decimal import Decimal

import sqlalchemy as sa
from answers import attempt, error, feature, rows, show, title
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine

DRIVERS = ("psycopg", "psycopg2", "asyncpg")
PLACE = "{user}@{host}:{port}/{database}".format(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=os.environ["PGPORT"], database=os.environ["PGDATABASE"])
SCHEMAS = ("city", "kinds", "names")


def each(step):
    """The step on a connection of each driver."""

    def stepped():
        for driver in DRIVERS:
            print(f"-- {driver}")
            try:
                if driver == "asyncpg":
                    asyncio.run(on_asyncpg(step))
                else:
                    engine = sa.create_engine(f"postgresql+{driver}://{PLACE}")
                    with engine.connect() as conn:
                        step(conn)
                    engine.dispose()
            except Exception as e:  # noqa: BLE001: the next driver has its turn
                error(e)

    return stepped


async def on_asyncpg(step):
    engine = create_async_engine(f"postgresql+asyncpg://{PLACE}")
    async with engine.connect() as conn:
        await conn.run_sync(step)
    await engine.dispose()


def run(conn, statement, parameters=None):
    try:
        result = conn.execute(statement, parameters)
        show(*result.keys())
        rows(result)
    except sa.exc.DBAPIError as e:
        print("!", getattr(e.orig, "sqlstate", None) or getattr(e.orig, "pgcode", None), type(e).__name__)
        conn.rollback()
    except Exception as e:  # noqa: BLE001: of values
        error(e)
        conn.rollback()


def connect(conn):
    d = conn.dialect
    show(d.server_version_info[0], d.default_schema_name, conn.default_isolation_level, d.max_identifier_length, conn.get_isolation_level())
    show(conn.scalar(sa.text("select current_database()")), conn.scalar(sa.select(sa.func.current_user())))


def transactions(conn):
    conn.rollback()
    for level in ("AUTOCOMMIT", "SERIALIZABLE", "READ COMMITTED", "REPEATABLE READ"):
        conn = conn.execution_options(isolation_level=level)
        show(conn.get_isolation_level(), conn.scalar(sa.text("show transaction_isolation")))
        conn.rollback()
    conn = conn.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=True)
    show(conn.scalar(sa.text("show transaction_read_only")))
    try:
        with conn.begin_nested():
            conn.execute(sa.text("select nosuch"))
    except sa.exc.DBAPIError as e:
        show(type(e).__name__)
    show(conn.scalar(sa.text("select 1")))
    conn.rollback()


def metadata(conn):
    inspector = sa.inspect(conn)
    names = [s for s in inspector.get_schema_names() if s in (*SCHEMAS, "information_schema")]
    show(names, inspector.default_schema_name)
    for schema in SCHEMAS:
        show(schema, sorted(inspector.get_table_names(schema=schema)), inspector.get_view_names(schema=schema), inspector.get_materialized_view_names(schema=schema), inspector.get_temp_table_names(), inspector.get_sequence_names(schema=schema))
        show(inspector.get_enums(schema=schema), inspector.get_domains(schema=schema), inspector.get_foreign_table_names(schema=schema))
        show(sorted(f"{table} {sorted(map(str, keys))}" for table, keys in inspector.get_sorted_table_and_fkc_names(schema=schema)))
        for table in sorted(inspector.get_table_names(schema=schema)):
            print(table)
            for column in inspector.get_columns(table, schema=schema):
                show(column["name"], repr(column["type"]), column["nullable"], column["default"], column.get("comment"), column.get("identity"), column.get("computed"), column.get("autoincrement"))
            show(inspector.get_pk_constraint(table, schema=schema))
            show(sorted(inspector.get_foreign_keys(table, schema=schema), key=str))
            show(inspector.get_indexes(table, schema=schema), inspector.get_unique_constraints(table, schema=schema), inspector.get_check_constraints(table, schema=schema))
            show(inspector.get_table_comment(table, schema=schema), inspector.get_table_options(table, schema=schema))
            show(inspector.has_table(table, schema=schema), inspector.has_table(table), inspector.get_table_oid(table, schema=schema) > 0)
    show(inspector.has_table("nosuch"), inspector.has_schema("kinds"), inspector.has_schema("nosuch"), inspector.has_index("metro_trips", "metro_trips_pkey", schema="city"), inspector.has_sequence("nosuch"))
    attempt(inspector.get_columns, "nosuch", schema="kinds")
    for found in (inspector.get_multi_columns, inspector.get_multi_pk_constraint, inspector.get_multi_foreign_keys, inspector.get_multi_table_comment, inspector.get_multi_indexes):
        show(sorted(f"{key} {len(value)}" for key, value in found(schema="city").items()))
    meta = sa.MetaData()
    meta.reflect(conn, schema="city")
    for table in meta.sorted_tables:
        show(table.fullname, table.comment, [str(c) for c in table.primary_key], sorted(str(f.target_fullname) for f in table.foreign_keys))
    conn.rollback()


def queries(conn):
    meta = sa.MetaData()
    stations = sa.Table("metro_stations", meta, schema="city", autoload_with=conn)
    trips = sa.Table("metro_trips", meta, schema="city", autoload_with=conn, resolve_fks=False)
    scalars = sa.Table("scalars", meta, schema="kinds", autoload_with=conn)
    nested = sa.Table("nested", meta, schema="kinds", autoload_with=conn)
    odd = sa.Table("odd", meta, schema="names", autoload_with=conn)
    s, t, c = stations.c, trips.c, scalars.c
    run(conn, sa.select(stations).order_by(s.station_id))
    run(conn, sa.select(scalars).where(c.id.in_([1, 2, 4])).order_by(c.id))
    run(conn, sa.select(nested).order_by(nested.c.id))
    run(conn, sa.select(odd).where(odd.c["Mixed Case"] == "a"))
    run(conn, sa.select(s.name, sa.func.count().label("n"), sa.func.avg(t.minutes).label("mean")).join(trips, s.station_id == t.from_station).where(t.minutes > 10).group_by(s.name).having(sa.func.count() > 5).order_by(sa.desc("n"), s.name))
    run(conn, sa.select(sa.func.count()).select_from(trips).where(t.entered_at.between(dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 5))))
    run(conn, sa.select(c.id).where(c.day == dt.date(2024, 2, 29)))
    run(conn, sa.select(c.id).where(sa.and_(c.exact > Decimal("1"), c.flag.is_(True), c.words.isnot(None))).order_by(c.id))
    run(conn, sa.select(c.id).where(c.key == uuid.UUID(int=6)))
    run(conn, sa.select(c.id).where(c.words.ilike("%PLAIN%") | c.words.startswith("it") | c.words.regexp_match("^ sp")).order_by(c.id))
    run(conn, sa.select(c.id, sa.case((c.id < 3, "low"), (c.id < 6, "mid"), else_="high").label("band"), sa.cast(c.id, sa.Text), c.words.concat("!")).order_by(c.id).limit(4).offset(1))
    run(conn, sa.select(sa.func.date_trunc("day", t.entered_at).label("d"), sa.func.sum(t.minutes)).group_by("d").order_by("d").limit(3))
    run(conn, sa.select(t.trip_id, sa.func.row_number().over(partition_by=t.from_station, order_by=t.trip_id.desc())).order_by(t.trip_id.desc()).limit(5))
    cte = sa.select(t.from_station, sa.func.max(t.trip_id).label("last")).group_by(t.from_station).cte("latest")
    run(conn, sa.select(cte).order_by(cte.c.from_station))
    lateral = sa.select(t.trip_id).where(t.from_station == s.station_id).order_by(t.trip_id).limit(2).lateral("first")
    run(conn, sa.select(s.station_id, lateral.c.trip_id).select_from(stations.join(lateral, sa.true())).order_by(s.station_id, lateral.c.trip_id))
    run(conn, sa.select(sa.exists().where(t.to_station.is_(None)), sa.select(sa.func.max(c.id)).scalar_subquery()))
    run(conn, sa.union_all(sa.select(c.id).where(c.id < 3), sa.select(nested.c.id)).order_by("id"))
    run(conn, sa.select(t.from_station).distinct().order_by(t.from_station))
    run(conn, sa.select(t.from_station, t.trip_id).ext(pg.distinct_on(t.from_station)).order_by(t.from_station, t.trip_id.desc()))
    run(conn, sa.select(sa.func.array_agg(pg.aggregate_order_by(c.id, c.id.desc())), sa.func.string_agg(c.words, sa.literal(",")).filter(c.id < 3)))
    run(conn, sa.select(c.id).where(c.id == sa.any_(sa.literal([1, 2], pg.ARRAY(sa.Integer)))).order_by(c.id))
    run(conn, sa.select(nested.c.ints[1], nested.c.words[2:3], sa.func.cardinality(nested.c.ints)).order_by(nested.c.id))
    run(conn, sa.select(nested.c.place["label"].astext, nested.c.place[("codes", 0)].astext).order_by(nested.c.id))
    run(conn, sa.select(sa.extract("year", c.day), sa.func.to_char(c.at, "YYYY-MM"), c.at - sa.text("interval '1 day'")).where(c.id == 1))
    run(conn, sa.select(c.at_zone.op("at time zone")("Asia/Shanghai")).where(c.id == 1))
    run(conn, sa.select(sa.tuple_(c.id, c.small).in_([(1, 1), (2, -1)])).where(c.id < 4).order_by(c.id))
    run(conn, sa.values(sa.column("a", sa.Integer), sa.column("b", sa.String), name="v").data([(1, "x"), (2, None)]).select())
    run(conn, sa.select(sa.func.unnest(nested.c.ints).label("i")).order_by("i"))
    run(conn, sa.select(sa.func.generate_series(1, 3).table_valued("n")))
    run(conn, sa.select(sa.func.percentile_cont(0.5).within_group(t.fare), sa.func.mode().within_group(t.ticket)))
    run(conn, sa.select(t.from_station, t.ticket, sa.func.count()).group_by(sa.func.rollup(t.from_station, t.ticket)).order_by(t.from_station.nulls_last(), t.ticket.nulls_last()))
    run(conn, sa.select(sa.func.coalesce(s.name_zh, s.name), sa.func.nullif(s.opened, 1904), sa.func.greatest(s.opened, 1950)).order_by(s.station_id))
    run(conn, sa.select(trips).where(t.trip_id == 1).with_for_update())
    conn.rollback()


def parameters(conn):
    for value, kind in (
        (1, sa.Integer), (2**40, sa.BigInteger), (5, sa.SmallInteger), (1.5, sa.Float), (1.5, sa.Double), (Decimal("1.50"), sa.Numeric(10, 2)), ("é", sa.String), ("x" * 3, sa.Unicode(3)), (True, sa.Boolean), (b"\x00", sa.LargeBinary), (dt.date(2024, 1, 1), sa.Date), (dt.time(1, 2), sa.Time),
        (dt.datetime(2024, 1, 1, 2), sa.DateTime), (dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), sa.DateTime(timezone=True)), (dt.timedelta(hours=5), sa.Interval), (uuid.UUID(int=1), sa.Uuid), ({"a": [1]}, sa.JSON), ({"a": 1}, pg.JSONB), ([1, 2], pg.ARRAY(sa.Integer)), (["a"], pg.ARRAY(sa.Text)), (None, sa.Integer),
    ):
        run(conn, sa.select(sa.bindparam("p", value, type_=kind() if isinstance(kind, type) else kind)))
    run(conn, sa.text("select :a + 1 as x, :b || 'y' as y").bindparams(sa.bindparam("a", 1, sa.Integer), sa.bindparam("b", "b", sa.String)))


def stream(conn):
    result = conn.execution_options(stream_results=True, max_row_buffer=100).execute(sa.text("select trip_id from city.metro_trips order by trip_id"))
    show(sum(len(p) for p in result.partitions(700)))
    result = conn.execution_options(yield_per=10).execute(sa.text("select id from kinds.scalars order by id"))
    show(result.scalars().all())
    conn.rollback()


def errors(conn):
    for text in ("select nosuch", "select * from nosuch", "selec 1", "select 1/0", "insert into kinds.edges values (1)", "create table x (a int)"):
        try:
            conn.execute(sa.text(text))
        except sa.exc.DBAPIError as e:
            show(type(e).__name__, getattr(e.orig, "sqlstate", None) or getattr(e.orig, "pgcode", None), e.connection_invalidated)
            conn.rollback()


title(f"SQLAlchemy {sa.__version__.rsplit('.', 1)[0]}")
feature("connect", each(connect))
feature("transactions", each(transactions))
feature("metadata", each(metadata))
feature("parameters", each(parameters))
feature("queries", each(queries))
feature("stream", each(stream))
feature("errors", each(errors))
sys.stdout.flush()
