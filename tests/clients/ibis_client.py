"""ibis: tables as expressions that it turns into SQL (over psycopg)."""

import os

import ibis
from answers import error, feature, rows, show, title
from ibis import _

PLACE = "{user}@{host}:{port}/{database}".format(user=os.environ["PGUSER"], host=os.environ["PGHOST"], port=os.environ["PGPORT"], database=os.environ["PGDATABASE"])


def run(make):
    try:
        table = make().to_pyarrow()
        show([f"{f.name} {f.type}" for f in table.schema])
        rows(zip(*[c.to_pylist() for c in table.columns]))
    except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
        error(e)


def on_its_own(step):
    def stepped():
        con = ibis.connect(f"postgres://{PLACE}")
        try:
            step(con)
        finally:
            con.disconnect()

    return stepped


def connect(con):
    show(con.name, con.version[:2], con.current_database, con.current_catalog)
    show(con.raw_sql("select 1 as a").fetchall())


def metadata(con):
    show([s for s in con.list_databases() if s in ("city", "kinds", "names")], "open" in con.list_catalogs())
    for database in ("city", "kinds", "names"):
        show(sorted(con.list_tables(database=database)))
        for table in sorted(con.list_tables(database=database)):
            show(table)
            for name, kind in con.table(table, database=database).schema().items():
                show(name, str(kind))


def types(con):
    for table in ("scalars", "nested"):
        t = con.table(table, database="kinds")
        run(lambda: t.filter(~t.id.isin([5, 6])).drop("key" if "key" in t.columns else "matrix").order_by("id"))
    odd = con.table("odd", database="names")
    run(lambda: odd.order_by("id"))
    run(lambda: odd.filter(odd["Mixed Case"] == "a").select("数量", "select"))


def queries(con):
    trips, stations, scalars, nested = con.table("metro_trips", database="city"), con.table("metro_stations", database="city"), con.table("scalars", database="kinds"), con.table("nested", database="kinds")
    run(lambda: trips.group_by("from_station").agg(n=_.count(), m=_.minutes.mean().round(3).cast('float64'), last=_.entered_at.max()).order_by("from_station"))
    run(lambda: trips.join(stations, trips.from_station == stations.station_id).group_by("name").agg(n=_.count(), u=_.to_station.nunique()).order_by(ibis.desc("n"), "name"))
    run(lambda: trips.filter(_.entered_at.between("2024-01-02", "2024-01-05"), _.minutes.notnull()).agg(n=_.count(), q=_.minutes.median(), s=_.minutes.sum(), p=_.fare.quantile(0.9)))
    run(lambda: trips.mutate(month=_.entered_at.truncate("M"), hour=_.entered_at.hour(), weekday=_.entered_at.day_of_week.index()).group_by("month", "weekday").agg(n=_.count(), h=_.hour.max()).order_by("month", "weekday"))
    run(lambda: trips.group_by("from_station").mutate(rank=ibis.row_number().over(order_by=ibis.desc("trip_id"))).filter(_["rank"] < 2).order_by("from_station").select("from_station", "trip_id", "rank"))
    run(lambda: trips.order_by("trip_id").mutate(before=_.fare.lag(), change=(_.fare - _.fare.lag()).round(2)).limit(4).select("trip_id", "before", "change"))
    run(lambda: scalars.mutate(up=_.words.upper(), n=_.words.length(), part=_.words[0:3], has=_.words.contains("a"), like=_.words.like("%l%"), rep=_.words.replace("a", "b"), re=_.words.re_search("^[a-z]+$")).select("id", "up", "n", "part", "has", "like", "rep", "re").order_by("id"))
    run(lambda: scalars.mutate(y=_.day.year(), q=_.day.quarter(), next=_.day + ibis.interval(days=3), f=_.at.strftime("%Y/%m"), e=_.at.epoch_seconds(), d=_.at.date(), t=_.at.time()).filter(_.id < 4).select("id", "y", "q", "next", "f", "e", "d", "t").order_by("id"))
    run(lambda: scalars.mutate(a=_.double.abs(), c=_.double.ceil(), s=_.double.cast("string"), i=_.exact.cast("int64"), z=_.small.fill_null(0), k=ibis.cases((_.small > 5, "big"), else_="small"), g=ibis.greatest(_.small, 3)).filter(_.id.isin([1, 2, 4, 7])).select("id", "a", "c", "s", "i", "z", "k", "g").order_by("id"))
    run(lambda: nested.mutate(n=_.ints.length(), first=_.ints[0], has=_.words.contains("a"), joined=_.words.join("-"), rest=_.ints[1:]).select("id", "n", "first", "has", "joined", "rest").order_by("id"))
    run(lambda: nested.select("id", i=_.ints.unnest()).order_by("id", "i"))
    run(lambda: nested.mutate(label=_.place["label"], deep=_.place["codes"][0]).select("id", "label", "deep").order_by("id"))
    run(lambda: stations.mutate(missing=_.opened.isnull(), name2=ibis.coalesce(_.name_zh, _.name), century=(_.opened // 100), m=_.opened % 7).select("station_id", "missing", "name2", "century", "m").order_by("station_id"))
    run(lambda: trips.ticket.value_counts().order_by("ticket"))
    run(lambda: trips.select("ticket", "from_station").distinct().order_by("ticket", "from_station").limit(3))
    run(lambda: ibis.union(stations.select(a=_.name_zh), trips.select(a=_.to_station), distinct=True).order_by("a"))
    run(lambda: stations.filter(_.station_id.isin(trips.filter(_.minutes > 41).from_station)).select("station_id").order_by("station_id"))
    run(lambda: stations.anti_join(trips, stations.station_id == trips.to_station).select("station_id"))
    run(lambda: trips.group_by("from_station").agg(c=_.count(where=_.ticket == "child"), names=_.ticket.group_concat(",", where=_.trip_id < 30, order_by=_.ticket), all=_.minutes.collect(where=_.trip_id < 20, order_by=_.minutes)).order_by("from_station"))
    run(lambda: trips.agg(v=_.minutes.var(how="pop").round(6), d=_.minutes.std().round(6), c=_.minutes.corr(_.trip_id, how='pop').round(6), any=_.minutes.isnull().any(), mode=_.ticket.mode(), top=_.trip_id.argmax(_.trip_id)))
    run(lambda: stations.filter(_.station_id > "S03").select("station_id").order_by("station_id"))


def stream(con):
    batches = con.table("metro_trips", database="city").order_by("trip_id").to_pyarrow_batches(chunk_size=1500)
    show([b.num_rows for b in batches])


def errors(con):
    for make in (lambda: con.table("nosuch", database="kinds"), lambda: con.sql("select nosuch"), lambda: con.table("scalars", database="kinds").select("nosuch"), lambda: con.create_table("made", {"a": [1]}, database="kinds")):
        try:
            make()
        except Exception as e:  # noqa: BLE001
            print("!", getattr(e, "sqlstate", None), type(e).__name__, str(e).splitlines()[0][:100])


title(f"ibis {ibis.__version__.rsplit('.', 2)[0]}")
feature("connect", on_its_own(connect))
feature("metadata", on_its_own(metadata))
feature("types-text", on_its_own(types))
feature("queries", on_its_own(queries))
feature("stream", on_its_own(stream))
feature("errors", on_its_own(errors))
