"""dbt-postgres: its commands over a small project; what only reads works, what makes tables is refused by both servers."""

import json
import os
import pathlib
import re
import tempfile

TARGET = pathlib.Path(tempfile.mkdtemp(prefix="stoa-dbt-"))
os.environ.update(DBT_SEND_ANONYMOUS_USAGE_STATS="false", DBT_TARGET_PATH=str(TARGET / "target"), DBT_LOG_PATH=str(TARGET / "logs"))

from answers import feature, rows, show, title  # noqa: E402
from dbt.cli.main import dbtRunner  # noqa: E402

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def dbt(*arguments):
    """Runs a command; shows whether it went well, and what it says of each node."""
    done = dbtRunner().invoke([*arguments, "--log-level", "none", "--no-version-check", "--no-use-colors", "--no-partial-parse", "--profiles-dir", ".", "--project-dir", "."])
    show(" ".join(arguments), done.success)
    for result in sorted(getattr(done.result, "results", None) or [], key=lambda r: r.node.unique_id):
        message = COLOURS.sub("", result.message or "").replace(str(TARGET), "")
        show(result.node.unique_id, str(result.status), message.strip().splitlines()[0] if message.strip() else "", getattr(result, "failures", None))
        if getattr(result, "agate_table", None) is not None:
            rows(result.agate_table.rows)
    return done


def connect():
    dbt("debug")


def metadata():
    show(sorted(dbt("ls").result))
    dbt("docs", "generate", "--no-compile")
    catalog = json.loads((TARGET / "target" / "catalog.json").read_text())
    for key, source in sorted(catalog["sources"].items()):
        show(key, *[source["metadata"][k] for k in ("type", "schema", "name", "database", "comment", "owner")])
        for column in sorted(source["columns"].values(), key=lambda c: c["index"]):
            show(column["index"], column["name"], column["type"], column["comment"])
    dbt("compile", "--select", "columns")
    print((TARGET / "target" / "compiled" / "stoa_clients" / "analyses" / "columns.sql").read_text())


def queries():
    dbt("show", "--select", "named")
    dbt("show", "--inline", "select ticket, max(fare) as most from {{ source('city', 'metro_trips') }} group by 1 order by 1")
    dbt("show", "--inline", "select nosuch from {{ ref('fares') }}")
    done = dbt("source", "freshness")
    show([str(r.status) for r in done.result.results] if done.result else None)
    dbt("build", "--select", "fares", "named")


def errors():
    dbt("build", "--select", "written")


title("dbt-postgres 1.9")
feature("connect", connect)
feature("metadata", metadata)
feature("queries", queries)
feature("errors", errors)
