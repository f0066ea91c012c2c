"""How a client written in Python prints its answers; see ../run."""

import datetime
import decimal
import math
import re
import sys
import threading
import time
import traceback


def title(name):
    print(f"## {name}")


def feature(name, *steps):
    """Prints the feature's line and takes its steps. What they do not expect ends them and not the program."""
    print(f"# {name}", flush=True)
    for step in steps:
        try:
            step()
        except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
            traceback.print_exc(file=sys.stderr)
            # A line's number would change with the client's text.
            frames = [f.name for f in traceback.extract_tb(e.__traceback__) if f.filename == sys.modules["__main__"].__file__ and f.name[0] != "<"]
            print(f"!! {type(e).__name__} in {frames[-1] if frames else 'the client'}", end=": ")
            error(e)


def told(value):
    """A value with its type, the same whatever the library's own way to print it."""
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, (memoryview, bytearray, bytes)):
        return f"bytes {bytes(value).hex()}"
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return f"{value.isoformat()} of {type(value.tzinfo).__name__}"
    if isinstance(value, (datetime.date, datetime.time)):
        return f"{type(value).__name__} {value.isoformat()}"
    if isinstance(value, decimal.Decimal):
        return f"Decimal {value}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(told, value)) + "]"
    return repr(value)


def show(*values):
    print(" | ".join(map(told, values)), flush=True)


def rows(values):
    for row in values:
        show(*row)


def error(e):
    """An error that is the answer: SQLSTATE (under whichever name the library has it) and the first line of its message."""
    state = getattr(e, "sqlstate", None) or getattr(e, "pgcode", None) or type(e).__name__
    print(f"! {state} {re.sub(r'port [0-9]+', 'port', str(e).strip().splitlines()[0]) if str(e).strip() else ''}", flush=True)


def when_running(pid, statement, act):
    """Calls `act` in another thread soon after the session `pid` began a statement with these words: a cancel that comes earlier reaches nothing,
    nor does one that comes between two messages of the extended protocol."""
    import psycopg

    def wait():
        asked = "select 1 from pg_stat_activity where pid = %s and state = 'active' and strpos(query, %s) > 0"
        with psycopg.connect(autocommit=True) as watcher:
            while not watcher.execute(asked, (pid, statement)).fetchone():
                time.sleep(0.02)
        time.sleep(0.2)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def attempt(call, *arguments, **named):
    """Shows what a call returns, or its error."""
    try:
        value = call(*arguments, **named)
    except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
        error(e)
    else:
        show(value)
