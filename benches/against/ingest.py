"""Ingest: published CSV to a table that can be asked, Stoa against DuckDB, each in processes of their own.

Both see every row before a type is settled: Stoa always does, DuckDB with sample_size=-1. Both write to a fresh folder on the
same disk, over files that were just read (warm). A run ends when the table has answered one question, whose answers must agree."""

import argparse
import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import best, run

STOA = os.environ["STOA_BIN"]

# What each engine is asked once the table stands: rows, and one sum that proves a column's type.
QUESTION = {"trips": "count(*), sum(minutes)", "trips_gz": "count(*), sum(minutes)", "wide": "count(*), sum(c1)"}

DUCKDB = """
import sys, duckdb
path, target, form, question = sys.argv[1:]
read = f"read_csv('{path}', sample_size=-1)"
if form == "table":
    db = duckdb.connect(target)
    db.execute("SET enable_progress_bar = false")
    db.execute(f"CREATE TABLE t AS SELECT * FROM {read}")
    db.execute("CHECKPOINT")
    source = "t"
else:
    db = duckdb.connect()
    db.execute("SET enable_progress_bar = false")
    db.execute(f"COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    source = f"'{target}'"
print(*db.execute(f"SELECT {question} FROM {source}").fetchone(), sep=",")
"""


def trips(path, megabytes):
    """The city's trips of all years as one file of about so many megabytes, without a descriptor."""
    # A trip takes about 51 bytes, and scale 1 is ten million of them.
    scale = megabytes / 510
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        subprocess.run([STOA, "generate", "--scale", str(scale), folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        years = sorted(Path(folder, "transport/metro_trips").glob("metro_trips_*.csv"))
        with open(path, "wb") as out:
            for i, year in enumerate(years):
                with open(year, "rb") as rows:
                    header = rows.readline()
                    if i == 0:
                        out.write(header)
                    shutil.copyfileobj(rows, out, 1 << 20)


def wide(path, megabytes, columns=400):
    """A wide file, as statistics offices publish: an id, and numbers, amounts, dates, codes and words beside each other."""
    random.seed(7)
    kinds = [
        lambda: str(random.randrange(100000)),
        lambda: f"{random.uniform(0, 1000):.2f}",
        lambda: f"20{random.randrange(10, 26)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}",
        lambda: random.choice(["north", "south", "east", "west"]) + str(random.randrange(50)),
        lambda: f"{random.randrange(1000):05}",
        lambda: random.choice(["", "", str(random.randrange(10))]),
    ]
    # Each column repeats its own list of values, and lists of prime lengths hardly ever meet in the same row again.
    primes = [1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061]
    pools = [[kinds[c % len(kinds)]() for _ in range(primes[c % len(primes)])] for c in range(columns - 1)]
    with open(path, "w", encoding="ascii") as out:
        out.write(",".join(f"c{c}" for c in range(columns)) + "\n")
        row = 0
        while out.tell() < megabytes * 1_000_000:
            lines = []
            for _ in range(200):
                lines.append(f"{row}," + ",".join([pool[row % len(pool)] for pool in pools]))
                row += 1
            out.write("\n".join(lines) + "\n")


def packed(path, plain):
    with open(plain, "rb") as source, open(path, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
        shutil.copyfileobj(source, out, 1 << 20)


def prepare(cache, megabytes, wide_megabytes):
    """The files of the race by name, made when they are not in the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    plain = cache / f"trips-{megabytes}" / "trips.csv"
    files = {"trips": plain, "trips_gz": cache / f"trips-{megabytes}-gz" / "trips_gz.csv.gz", "wide": cache / f"wide-{wide_megabytes}" / "wide.csv"}
    makers = {"trips": lambda p: trips(p, megabytes), "trips_gz": lambda p: packed(p, plain), "wide": lambda p: wide(p, wide_megabytes)}
    for name, path in files.items():
        if not path.exists():
            print(f"making {path} ...", file=sys.stderr)
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_name(path.name + ".unfinished")
            makers[name](unfinished)
            unfinished.rename(path)
    return files


def stoa(path, name, scratch):
    """Stoa over the folder that holds the file, with a fresh state."""
    question = f"select {QUESTION[name]} from {name}"
    return run([STOA, "query", "--catalog", str(path.parent), "--state", str(scratch / "state"), "--format", "csv", question])


def duckdb(path, name, scratch, form):
    return run([sys.executable, "-c", DUCKDB, str(path), str(scratch / f"duck.{form}"), form, QUESTION[name]])


def race(path, name, repeats):
    """Each engine's best of so many runs, taking turns."""
    engines = {
        "stoa": lambda s: stoa(path, name, s),
        "duckdb table": lambda s: duckdb(path, name, s, "table"),
        "duckdb parquet": lambda s: duckdb(path, name, s, "parquet"),
    }
    runs = {engine: [] for engine in engines}
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass
    for _ in range(repeats):
        for engine, go in engines.items():
            with tempfile.TemporaryDirectory(prefix="stoa-bench-") as scratch:
                runs[engine].append(go(Path(scratch)))
    answers = {r.output.splitlines()[-1] for each in runs.values() for r in each}
    if len(answers) != 1:
        raise SystemExit(f"{name}: the engines do not agree: {answers}")
    return {engine: best(each) for engine, each in runs.items()}


def main():
    parser = argparse.ArgumentParser(prog="benches/peers ingest", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "stoa-bench")
    parser.add_argument("--megabytes", type=int, default=1000, help="of the trips (default 1000)")
    parser.add_argument("--wide-megabytes", type=int, default=200, help="of the wide file (default 200)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=list(QUESTION), action="append")
    given = parser.parse_args()
    import duckdb as engine

    files = prepare(given.cache, given.megabytes, given.wide_megabytes)
    print(f"{os.cpu_count()} cores, DuckDB {engine.__version__}, best of {given.repeats}; time and peak memory, ratios to Stoa's")
    for name in given.only or files:
        results = race(files[name], name, given.repeats)
        ours = results["stoa"]
        print(f"{name} ({files[name].stat().st_size / 1e6:.0f} MB)")
        for engine_name, r in results.items():
            ratio = "" if r is ours else f"   time x{r.seconds / ours.seconds:.2f}, memory x{r.peak / ours.peak:.2f}"
            print(f"  {engine_name:15} {r.seconds:7.2f} s  {r.cpu:7.2f} CPU s  {r.peak / 1e6:7.0f} MB{ratio}")


if __name__ == "__main__":
    main()
