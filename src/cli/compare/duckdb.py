"""DuckDB for `stoa compare`: one JSON request a line on standard input, one JSON answer a line on standard output.

The first line is {"database": FILE or null, "tables": [[schema, table, [files]]], "threads": n or null}. Then {"sql": ..} gives {"seconds", "columns",
"rows"}, and {"explain": .., "analyze": bool} gives {"plan"}. A failure is {"error": text}."""

import json
import sys
import time


def cell(value):
    return None if value is None else str(value)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def main():
    try:
        import duckdb
    except ImportError as e:
        sys.exit(f"{e}")

    asked = (json.loads(line) for line in sys.stdin)
    first = next(asked)
    db = duckdb.connect(first["database"] or ":memory:", read_only=bool(first["database"]))
    db.execute("SET enable_progress_bar = false")
    if first["threads"]:
        db.execute(f"SET threads = {int(first['threads'])}")
    for schema, table, files in first["tables"]:
        db.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        db.execute(f"CREATE VIEW {quoted(schema)}.{quoted(table)} AS SELECT * FROM read_parquet([{listed}])")
    print(json.dumps({"version": duckdb.__version__}), flush=True)
    for request in asked:
        try:
            if "sql" in request:
                began = time.perf_counter()
                result = db.execute(request["sql"])
                rows = result.fetchall()
                seconds = time.perf_counter() - began
                columns = [[c[0], str(c[1])] for c in result.description]
                told = {"seconds": seconds, "columns": columns, "rows": [[cell(v) for v in row] for row in rows]}
            else:
                words = "ANALYZE, FORMAT JSON" if request["analyze"] else "FORMAT JSON"
                rows = db.execute(f"EXPLAIN ({words}) {request['explain']}").fetchall()
                told = {"plan": json.loads(rows[0][-1])}
        except Exception as e:
            told = {"error": str(e)}
        print(json.dumps(told), flush=True)


main()
