"""Django: inspectdb, and its queries over models of the tables that are there."""

import datetime as dt
import io
import os
import uuid
from decimal import Decimal

import django
from answers import error, feature, rows, show, title
from django.conf import settings
from django.core.management import call_command

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
        }
    },
    INSTALLED_APPS=["django.contrib.postgres"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.contrib.postgres.aggregates import ArrayAgg, StringAgg  # noqa: E402
from django.contrib.postgres.fields import ArrayField  # noqa: E402
from django.db import DatabaseError, connection, models, transaction  # noqa: E402
from django.db.models import Avg, Case, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Value, When, Window  # noqa: E402
from django.db.models.functions import Coalesce, Concat, ExtractYear, Length, Lower, RowNumber, TruncMonth  # noqa: E402


class Station(models.Model):
    station_id = models.TextField(primary_key=True)
    name = models.TextField()
    name_zh = models.TextField(null=True)
    opened = models.BigIntegerField(null=True)
    step_free = models.BooleanField(null=True)

    class Meta:
        app_label, managed, db_table = "postgres", False, "metro_stations"


class Trip(models.Model):
    trip_id = models.BigIntegerField(primary_key=True)
    start = models.ForeignKey(Station, models.DO_NOTHING, db_column="from_station", related_name="starts", null=True)
    to = models.ForeignKey(Station, models.DO_NOTHING, db_column="to_station", related_name="ends", null=True)
    entered_at = models.DateTimeField()
    minutes = models.BigIntegerField(null=True)
    fare = models.FloatField()
    ticket = models.TextField()

    class Meta:
        app_label, managed, db_table = "postgres", False, "metro_trips"


class Scalar(models.Model):
    id = models.IntegerField(primary_key=True)
    flag = models.BooleanField(null=True)
    small = models.SmallIntegerField(null=True)
    double = models.FloatField(null=True)
    exact = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    words = models.TextField(null=True)
    bytes = models.BinaryField(null=True)
    day = models.DateField(null=True)
    clock = models.TimeField(null=True)
    at_zone = models.DateTimeField(null=True)
    key = models.UUIDField(null=True)
    doc = models.JSONField(null=True)

    class Meta:
        app_label, managed, db_table = "postgres", False, "scalars"


class Nested(models.Model):
    id = models.IntegerField(primary_key=True)
    ints = ArrayField(models.IntegerField(), null=True)
    words = ArrayField(models.TextField(), null=True)

    class Meta:
        app_label, managed, db_table = "postgres", False, "nested"


def run(queryset):
    try:
        with transaction.atomic():
            rows(queryset)
    except (DatabaseError, ValueError) as e:
        error(e.__cause__ or e)


def connect():
    with connection.cursor() as cur:
        show(connection.pg_version // 10000, connection.vendor, connection.timezone_name, connection.is_usable())
        cur.execute("select %s, current_setting('TimeZone')", ["x"])
        show(cur.fetchall())
    show(connection.features.is_postgresql_15, connection.features.supports_json_field)


def metadata():
    out = io.StringIO()
    call_command("inspectdb", stdout=out)
    for line in out.getvalue().splitlines():
        print("|", line)
    with connection.cursor() as cur:
        introspection = connection.introspection
        for table in sorted(introspection.get_table_list(cur)):
            show(table.name, table.type, table.comment)
        for table in ("metro_stations", "metro_trips", "scalars", "nested"):
            show(sorted(introspection.get_relations(cur, table).items()), introspection.get_primary_key_columns(cur, table), introspection.get_sequences(cur, table))
            for name, c in sorted(introspection.get_constraints(cur, table).items()):
                show(name, c["columns"], c["primary_key"], c["unique"], c["foreign_key"], c["check"], c["index"], c.get("type"))


def parameters():
    for named in (
        {"id": 1}, {"id__in": [1, 2, 3]}, {"words": "plain"}, {"words__icontains": "PLAIN"}, {"words__startswith": "it"}, {"words__iexact": "null"}, {"words__regex": "^[a-z]+$"}, {"words__isnull": True}, {"words__contains": "%"}, {"words__contains": "\\"}, {"day": dt.date(2024, 2, 29)},
        {"day__year": 2024}, {"day__range": (dt.date(1900, 1, 1), dt.date(2000, 1, 1))}, {"at_zone__gt": dt.datetime(2010, 1, 1, tzinfo=dt.timezone.utc)}, {"exact": Decimal("1.5")}, {"exact__gte": 100}, {"double__lt": 0.2}, {"flag": True}, {"key": uuid.UUID(int=6)}, {"bytes": b"plain"},
        {"clock__hour": 23}, {"doc__a": 1}, {"doc__isnull": False}, {"small": -1}, {"at_zone__date": dt.date(2024, 2, 29)}, {"day__week_day": 5}, {"doc__has_key": "a"}, {"id": 2**40}, {"words__iregex": "PLAIN"},
    ):
        print(named)
        run(Scalar.objects.filter(**named).order_by("id").values_list("id"))


def text():
    run(Scalar.objects.exclude(id__in=[5, 6]).order_by("id").values_list("id", "flag", "small", "double", "exact", "words", "bytes", "day", "clock", "at_zone", "key"))
    run(Nested.objects.order_by("id").values_list())
    run(Nested.objects.filter(ints__contains=[2]).values_list("id"))
    run(Nested.objects.filter(words__len=2).values_list("id"))
    run(Nested.objects.filter(ints__0=1).values_list("id", "ints__1"))
    run(Station.objects.order_by("station_id").values_list())


def queries():
    trips, stations = Trip.objects, Station.objects
    run(trips.values_list("start__name").annotate(n=Count("*"), m=Avg("minutes"), last=Max("entered_at")).order_by("-n", "start__name"))
    run(trips.filter(start__name__startswith="O'", minutes__gt=40).values_list("trip_id", "to__name").order_by("trip_id")[:3])
    run(stations.annotate(n=Count("starts", filter=Q(starts__minutes__gt=30)), f=Max("starts__fare")).order_by("pk").values_list("pk", "n", "f"))
    run(stations.annotate(first=Subquery(trips.filter(start=OuterRef("pk")).order_by("trip_id").values("trip_id")[:1])).order_by("pk").values_list("pk", "first"))
    run(stations.filter(Exists(trips.filter(start=OuterRef("pk"), minutes__isnull=True))).order_by("pk").values_list("pk"))
    run(trips.annotate(month=TruncMonth("entered_at")).values_list("month").annotate(n=Count("*"), s=Sum("minutes")).order_by("month"))
    run(trips.annotate(rank=Window(RowNumber(), partition_by=F("start"), order_by=F("trip_id").desc())).order_by("-trip_id").values_list("trip_id", "rank")[:5])
    run(trips.values_list("ticket").annotate(kind=Case(When(ticket="child", then=Value(1)), default=Value(2)), n=Count("*")).order_by("ticket"))
    run(stations.annotate(label=Concat(Coalesce("name_zh", "name"), Value(" "), Lower("station_id"), output_field=models.TextField()), size=Length("name")).order_by("pk").values_list("label", "size"))
    run(stations.order_by(F("opened").desc(nulls_last=True)).values_list("pk", "opened"))
    run(trips.filter(Q(minutes__lt=5) | ~Q(ticket="adult")).values_list("ticket").annotate(n=Count("start", distinct=True)).order_by("ticket"))
    run(stations.values_list("step_free").annotate(names=StringAgg("name", ",", order_by="name"), ids=ArrayAgg("pk", order_by="pk")).order_by("step_free"))
    show(sorted(trips.aggregate(Count("*"), Max("fare"), Sum("minutes"), tickets=ArrayAgg("ticket", distinct=True, order_by="ticket")).items()))
    run(stations.values_list("pk").union(Station.objects.filter(opened__gt=1950).values_list("pk")).order_by("pk"))
    run(trips.order_by("start_id", "-trip_id").distinct("start_id").values_list("start_id", "trip_id"))
    run(trips.annotate(y=ExtractYear("entered_at")).values_list("y").distinct())
    run(trips.select_related("start").filter(pk=7).values_list("start__name", "to__name"))
    show(trips.filter(pk=7).exists(), trips.count(), trips.filter(pk__lte=3).in_bulk().keys(), trips.get(pk=1).start.name)
    show([(t.trip_id, t.fare) for t in trips.raw("select trip_id, fare from city.metro_trips where trip_id = %s", [3])])
    show(list(trips.dates("entered_at", "month")))
    show("Scan" in trips.filter(pk=1).explain() or "Exec" in trips.filter(pk=1).explain())


def stream():
    show(sum(t.minutes or 0 for t in Trip.objects.iterator(chunk_size=700)))


def transactions():
    with transaction.atomic():
        show(Trip.objects.count())
        try:
            with transaction.atomic(), connection.cursor() as cur:
                cur.execute("select nosuch")
        except DatabaseError as e:
            error(e.__cause__)
        show(Station.objects.count(), connection.in_atomic_block)
    show(connection.get_autocommit())


def errors():
    for query in ("select nosuch", "select * from nosuch", "select 1/0"):
        try:
            with connection.cursor() as cur:
                cur.execute(query)
        except DatabaseError as e:
            show(type(e).__name__, e.__cause__.sqlstate)
    try:
        Station(station_id="x", name="y").save(force_insert=True)
    except DatabaseError as e:
        show(type(e).__name__, e.__cause__.sqlstate)


title(f"Django {django.get_version().rsplit('.', 1)[0]}")
feature("connect", connect)
feature("types-text", text)
feature("parameters", parameters)
feature("metadata", metadata)
feature("queries", queries)
feature("stream", stream)
feature("transactions", transactions)
feature("errors", errors)
