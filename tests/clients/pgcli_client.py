"""pgcli: what it asks for to complete words, and the backslash commands that it has of its own (pgspecial)."""

import os
import threading

from answers import attempt, error, feature, show, title
from pgcli.completion_refresher import CompletionRefresher
from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

OWN = ("city", "kinds", "names")


def executor():
    return PGExecute(os.environ["PGDATABASE"], os.environ["PGUSER"], "", os.environ["PGHOST"], os.environ["PGPORT"], "")


def run(ex, statement, special=None):
    print(statement)
    try:
        for _, rows, headers, status, *_ in ex.run(statement, special, exception_formatter=str):
            if headers:
                show(*headers)
            for row in rows or []:
                show(*row)
            print(str(status).splitlines()[0] if status else None)
    except Exception as e:  # noqa: BLE001
        error(e)


def connect():
    ex = executor()
    show(ex.dbname, ex.user, str(ex.server_version)[:2], ex.short_host, ex.superuser, ex.get_timezone())
    show(ex.valid_transaction(), ex.failed_transaction(), ex.is_virtual_database(), ex.transaction_indicator)


def metadata():
    ex = executor()
    show(ex.search_path())
    show(sorted(s for s in ex.schemata() if s in OWN))
    for found in (ex.tables, ex.views):
        show(found.__name__, sorted(t for t in found() if t[0] in OWN))
    for row in sorted(c for c in ex.table_columns() if c[0] in OWN):
        show(*row)
    show([c for c in ex.view_columns() if c[0] in OWN])
    show(sorted(map(tuple, ex.foreignkeys())))
    show("open" in ex.databases())
    show([f for f in ex.functions() if f.schema_name in OWN], any(f.func_name == "date_trunc" for f in ex.functions()))
    show([t for t in ex.datatypes() if t[0] in OWN], sorted(ex.casing())[:3])
    attempt(ex.view_definition, "nosuch")
    attempt(ex.function_definition, "nosuch")


def completion():
    """As a person types: the words that are offered."""
    done, made = threading.Event(), []
    CompletionRefresher().refresh(executor(), PGSpecial(), lambda completer: (made.append(completer), done.set()))
    show(done.wait(30))
    for text in ("select * from ", "select * from city.", "select * from kinds.sc", "select s.st from city.metro_stations s", "select * from city.metro_trips t join ", "select * from city.metro_trips t join city.metro_stations s on ", "set search", "\\d ki", 'select "Mi'):
        at = text.index("s.st") + 4 if "s.st" in text else len(text)
        words = [c.text for c in made[0].get_completions(Document(text, at), CompleteEvent())]
        own = [w for w in words if any(w.startswith(p) for p in ("city", "kinds", "names", "metro", "scalars", "nested", "edges", "odd", "station_id", "step_free", "t.", "s.", '"Mixed'))]
        show(text, sorted(own))


def specials():
    ex, special = executor(), PGSpecial()
    for command in ("\\dt", "\\dt city.*", "\\d metro_trips", "\\d+ scalars", "\\d odd", "\\dn", "\\dv", "\\di", "\\ds", "\\df nosuch", "\\dT nosuch", "\\du reader", "\\l", "\\dx", "\\dm", "\\dp city.*", "\\ddp", "\\db nosuch", "\\dE", "\\d nosuch", "\\nosuch", "\\dD", "\\dF nosuch"):
        if command in ("\\dn", "\\l", "\\dx"):
            print(command)
            found = list(ex.run(command, special))
            show(sorted(row[0] for row in found[0][1] if row[0] in (OWN if command == "\\dn" else ("open", "plpgsql"))))
        else:
            run(ex, command, special)


def queries():
    ex = executor()
    for statement in ("select * from city.metro_stations order by 1 limit 2", "select 1; select 'x' as a", "select nosuch", "select * from nowhere", "begin", "select 1/0", "select 1", "rollback", "explain select 1", "select null, true, 1.5, now() is not null", "select ints, words from kinds.nested where id in (1, 4) order by id", "copy (select 1) to stdout"):
        if statement == "explain select 1":
            show(len(list(ex.run(statement))) == 1)
        else:
            run(ex, statement)


title("pgcli")
feature("connect", connect)
feature("metadata", metadata, completion, specials)
feature("queries", queries)
