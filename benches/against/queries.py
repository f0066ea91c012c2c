"""Queries: a suite under Stoa, plain DataFusion and DuckDB over Stoa's own snapshots, DuckDB over tables of its own, and PostgreSQL 15, by
`stoa compare`, which takes turns and checks that all answer the same. Printed are Stoa's times as shares of each other engine's."""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from wire import ROOT, STOA, psql, start_postgres

TABLES = "select table_schema, table_name from information_schema.tables where table_schema in ('transport', 'health', 'environment', 'reference', 'tpch', 'clickbench') order by 1, 2"
COLUMNS = "select column_name, data_type from information_schema.columns where table_schema = '{}' and table_name = '{}' order by ordinal_position"


class City:
    """What a suite asks, generated at one scale: its files, and a state with a snapshot of each table; both are kept."""

    def __init__(self, cache, dataset, scale):
        self.folder, self.state = cache / f"{dataset}-{scale}", cache / f"{dataset}-{scale}-state"
        if not self.folder.exists():
            print(f"making {self.folder} ...", file=sys.stderr)
            unfinished = self.folder.with_name(self.folder.name + ".unfinished")
            subprocess.run([STOA, "generate", "--dataset", dataset, "--scale", str(scale), str(unfinished)], check=True, stderr=subprocess.DEVNULL)
            unfinished.rename(self.folder)
        self.options = ["--catalog", f"city={self.folder}", "--state", str(self.state)]
        subprocess.run([STOA, "refresh", *self.options, "--all"], check=True, stdout=subprocess.DEVNULL)

    def query(self, sql, form="ndjson", output=None):
        to = ["-o", str(output)] if output else []
        said = subprocess.run([STOA, "query", *self.options, "--format", form, *to, sql], check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in said.splitlines()] if form == "ndjson" else None

    def tables(self):
        return [(row["table_schema"], row["table_name"]) for row in self.query(TABLES)]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def duckdb_tables(city, path, scratch):
    """DuckDB's own tables of all that the city has."""
    import duckdb

    db = duckdb.connect(str(path))
    for schema, table in city.tables():
        parquet = scratch / "table.parquet"
        city.query(f"select * from {quoted(schema)}.{quoted(table)}", "parquet", parquet)
        db.execute(f"create schema if not exists {quoted(schema)}")
        db.execute(f"create table {quoted(schema)}.{quoted(table)} as select * from '{parquet}'")
    db.execute("checkpoint")
    db.close()


def postgres_tables(city, port, scratch):
    """PostgreSQL's tables of the same, analysed."""
    for schema, table in city.tables():
        columns = [(row["column_name"], row["data_type"]) for row in city.query(COLUMNS.format(schema, table))]
        # Geometries are text to a PostgreSQL without PostGIS; no query of the suite asks for one.
        typed = ", ".join(f"{quoted(name)} {'text' if kind in ('USER-DEFINED', 'geometry') else kind}" for name, kind in columns)
        csv = scratch / "table.csv"
        city.query(f"select * from {quoted(schema)}.{quoted(table)}", "csv", csv)
        name = f"{quoted(schema)}.{quoted(table)}"
        psql(port, "postgres", "set client_min_messages = warning", f"create schema if not exists {quoted(schema)}", f"create table {name} ({typed})", rf"\copy {name} from '{csv}' csv header", f"vacuum (freeze, analyze) {name}")


def mean(numbers):
    return math.exp(sum(map(math.log, numbers)) / len(numbers)) if numbers else float("nan")


def told(found, peers):
    """A line a query: Stoa's milliseconds, and its share of each peer's time, hot and cold."""
    shares = {peer: ([], []) for peer in peers}
    print(f"{'query':32}{'stoa ms':>10}" + "".join(f"{peer + ' hot':>22}{'cold':>8}" for peer in peers))
    for query in found["queries"]:
        ours, *theirs = query["runs"]
        line = f"{query['name']:32}{ours['hot_median_ms'] or float('nan'):10.2f}"
        for peer, run in zip(peers, theirs):
            for key, kept, width in (("hot_median_ms", shares[peer][0], 22), ("cold_ms", shares[peer][1], 8)):
                known = ours[key] and run[key]
                line += f"{ours[key] / run[key]:{width}.2f}" if known else f"{'-':>{width}}"
                if known:
                    kept.append(ours[key] / run[key])
        print(line + ("" if query["same_answers"] else "   ANSWERS DIFFER"))
    print(f"{'geometric mean':42}" + "".join(f"{mean(hot):22.2f}{mean(cold):8.2f}" for hot, cold in shares.values()))
    print(f"{'most':42}" + "".join(f"{max(hot, default=float('nan')):22.2f}{max(cold, default=float('nan')):8.2f}" for hot, cold in shares.values()))


def main():
    parser = argparse.ArgumentParser(prog="benches/peers queries", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "stoa-bench")
    parser.add_argument("--scale", type=float, default=1.0, help="1 has ten million trips, TPC-H's six million lines, or a million page views")
    parser.add_argument("--suite", default="opendata", choices=["opendata", "tpch", "clickbench"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--html", type=Path, help="the page of plans")
    parser.add_argument("--without", action="append", default=[], choices=["datafusion", "duckdb", "duckdb-tables", "postgresql"])
    given = parser.parse_args()
    import duckdb

    given.cache.mkdir(parents=True, exist_ok=True)
    city = City(given.cache, "city" if given.suite == "opendata" else given.suite, given.scale)
    with tempfile.TemporaryDirectory(prefix="stoa-queries-") as scratch:
        scratch = Path(scratch)
        scratch.chmod(0o755)
        variants = {"datafusion": f"datafusion:{city.state}", "duckdb": f"duckdb:{city.state}"}
        if "duckdb-tables" not in given.without:
            duckdb_tables(city, scratch / "city.duckdb", scratch)
            variants["duckdb-tables"] = f"duckdb:{scratch / 'city.duckdb'}"
        try:
            if "postgresql" not in given.without:
                port = start_postgres(scratch / "postgres")
                postgres_tables(city, port, scratch)
                variants["postgresql"] = f"postgres://postgres@127.0.0.1:{port}/postgres"
            variants = {name: spec for name, spec in variants.items() if name not in given.without}
            command = [STOA, "compare", *city.options, "--suite", given.suite, "--rounds", str(given.rounds), "--json", str(scratch / "found.json")]
            command += ["--variant", "stoa=stoa"] + [word for name, spec in variants.items() for word in ("--variant", f"{name}={spec}")]
            command += ["--html", str(given.html)] if given.html else []
            # What differs is told below; only what can't be compared at all ends this.
            ran = subprocess.run(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHON": sys.executable}, check=False)
            if ran.returncode not in (0, 1):
                raise SystemExit(ran.returncode)
            print(f"{os.cpu_count()} cores, scale {given.scale}, {given.rounds} rounds, DuckDB {duckdb.__version__}: Stoa's time as a share of each engine's")
            told(json.loads((scratch / "found.json").read_text()), list(variants))
        finally:
            if "postgresql" not in given.without:
                subprocess.run([ROOT / "tests/postgres", "stop", scratch / "postgres"], check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
