"""How a client written in Python prints its answers; see ../run."""

import datetime
import decimal
import math
import sys
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
            print(f"!! {type(e).__name__} at line {e.__traceback__.tb_next.tb_lineno} of the client", end=": ")
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
    print(f"! {state} {str(e).strip().splitlines()[0] if str(e).strip() else ''}", flush=True)


def attempt(call, *arguments, **named):
    """Shows what a call returns, or its error."""
    try:
        value = call(*arguments, **named)
    except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
        error(e)
    else:
        show(value)
