"""How a client written in Python prints its answers; see ../run."""

import datetime
import decimal
import math


def title(name):
    print(f"## {name}")


def feature(name):
    print(f"# {name}", flush=True)


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
