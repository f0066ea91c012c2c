"""The wire: the same rows of eight mixed columns fetched from Stoa and from PostgreSQL 15, plainly, by a cursor and by COPY, in text
and in binary; the same bytes written to a loopback socket by a process that does nothing else; round trips of a small statement; and
what idle connections cost. The client of the first three throws away what it reads."""

import argparse
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from client import Client

STOA = os.environ["STOA_BIN"]
ROOT = Path(__file__).resolve().parents[2]
POSTGRES = Path("/usr/lib/postgresql/15/bin")
COLUMNS = "id, line, day, at, km, fare, stop, card"
# Rows that one FETCH of the cursor asks for.
FETCH = 10_000


def rows_of(path, rows):
    """The rows as CSV: integers, a date, a moment, a float, an amount with gaps, a text and a truth."""
    random.seed(11)
    stops = [f"stop {n}, {word}" for n in range(500) for word in ("north", "south")]
    with open(path, "w", encoding="ascii") as out:
        out.write(COLUMNS.replace(" ", "") + "\n")
        for n in range(rows):
            day, second = n * 365 // rows, n * 7919 % 86_400
            date = time.strftime("%Y-%m-%d", time.gmtime(1_672_531_200 + day * 86_400))
            moment = f"{date} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            fare = "" if n % 11 == 0 else f"{n * 37 % 10_000 / 100:.2f}"
            out.write(
                f'{n * 7919},{n % 20},{date},{moment},{random.random() * 40:.6f},{fare},"{stops[n % 1000]}",{"true" if n % 3 == 0 else "false"}\n'
            )


TYPES = "id bigint, line integer, day date, at timestamp, km double precision, fare numeric(10,2), stop text, card boolean"


class Server:
    """A running server: its port, user, database and table."""

    def __init__(self, name, port, database, table, pid):
        self.name, self.port, self.database, self.table, self.pid = name, port, database, table, pid

    def client(self):
        return Client(self.port, "postgres", self.database)


def start_stoa(folder):
    process = subprocess.Popen(
        [STOA, "serve", "--catalog", str(folder / "catalog"), "--state", str(folder / "state"), "--listen", "127.0.0.1:0", "--max-connections", "4000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    for line in process.stdout:
        if found := re.search(r" -p (\d+)", line):
            return process, int(found[1])
    raise SystemExit("Stoa did not start")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_postgres(folder):
    port = free_port()
    settings = "shared_buffers = '2GB'\nmax_connections = 300"
    subprocess.run(
        [ROOT / "tests/postgres", "start", folder, str(port)], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "POSTGRES_SETTINGS": settings}
    )
    return port


def psql(port, database, *commands):
    arguments = [a for command in commands for a in ("-c", command)]
    subprocess.run(
        [POSTGRES / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database, *arguments], check=True
    )


def by_cursor(client, sql, binary, rows):
    kind = "binary " if binary else ""
    client.query("begin")
    client.query(f"declare c {kind}no scroll cursor for {sql}")
    total = 0
    for _ in range(-(-rows // FETCH)):
        total += client.query(f"fetch {FETCH} from c")[0]
    client.query("commit")
    return total, b""


def ways(rows):
    """Each way to fetch, by name."""
    return {
        "fetch, text": lambda c, sql: c.execute(sql, False),
        "fetch, binary": lambda c, sql: c.execute(sql, True),
        "cursor, text": lambda c, sql: by_cursor(c, sql, False, rows),
        "cursor, binary": lambda c, sql: by_cursor(c, sql, True, rows),
        "copy, text": lambda c, sql: c.query(f"copy ({sql}) to stdout"),
        "copy, binary": lambda c, sql: c.query(f"copy ({sql}) to stdout (format binary)"),
    }


def cpu(pid):
    """CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fetched(server, way, rows):
    client = server.client()
    started = time.monotonic()
    total, tail = way(client, f"select {COLUMNS} from {server.table}")
    took = time.monotonic() - started
    if tail and f" {rows}\0".encode() not in tail:
        raise SystemExit(f"{server.name} sent other than {rows} rows: {tail!r}")
    client.close()
    return took, total


def loopback(total):
    """Seconds that a process takes to write so many bytes to a socket of which another reads: the floor for any server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        child = os.fork()
        if child == 0:
            peer, _ = listener.accept()
            chunk = b"x" * (1 << 16)
            left = total
            while left > 0:
                left -= peer.send(chunk[: min(left, len(chunk))])
            os._exit(0)
        with socket.create_connection(listener.getsockname()) as reader:
            started = time.monotonic()
            buffer = bytearray(1 << 18)
            while reader.recv_into(buffer):
                pass
            took = time.monotonic() - started
        os.waitpid(child, 0)
    return took


def pgbench(server, mode, seconds, folder):
    script = folder / "one.sql"
    script.write_text("select 1;\n")
    command = [POSTGRES / "pgbench", "-n", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-M", mode, "-f", script, "-T", str(seconds), server.database]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", said)[1])


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def idle(server, count):
    """Bytes that each of so many idle sessions adds to Stoa's one process."""
    server.client().close()
    before = resident(server.pid)
    clients = [server.client() for _ in range(count)]
    after = resident(server.pid)
    clients[-1].query("select 1")
    for client in clients:
        client.close()
    return (after - before) / count


def main():
    parser = argparse.ArgumentParser(prog="benches/peers wire", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each pgbench run (default 5)")
    given = parser.parse_args()
    import duckdb

    with tempfile.TemporaryDirectory(prefix="stoa-wire-") as scratch:
        scratch = Path(scratch)
        scratch.chmod(0o755)
        (scratch / "catalog").mkdir()
        rides = scratch / "rides.csv"
        print(f"making {given.rows} rows ...", file=sys.stderr)
        rows_of(rides, given.rows)
        duckdb.sql(f"copy (select * from read_csv('{rides}', columns = {dict(c.split(' ', 1) for c in TYPES.split(', '))})) to '{scratch}/catalog/rides.parquet' (format parquet, compression zstd)")
        process, port = start_stoa(scratch)
        try:
            stoa = Server("stoa", port, "catalog", "rides", process.pid)
            client = stoa.client()
            client.query("select count(*) from rides")
            client.close()
            pg_port = start_postgres(scratch / "postgres")
            psql(pg_port, "postgres", f"create unlogged table rides ({TYPES})", rf"\copy rides from '{rides}' csv header", "vacuum (freeze, analyze) rides")
            postgres = Server("postgresql", pg_port, "postgres", "rides", None)
            race(stoa, postgres, given, scratch)
        finally:
            process.kill()
            subprocess.run([ROOT / "tests/postgres", "stop", scratch / "postgres"], check=False, stdout=subprocess.DEVNULL)


def race(stoa, postgres, given, scratch):
    print(f"{os.cpu_count()} cores, {given.rows} rows of 8 columns, best of {given.repeats}: million rows/s; ratio to PostgreSQL 15; time against the bare socket's")
    for name, way in ways(given.rows).items():
        runs = {server: [] for server in (stoa, postgres)}
        floor = []
        used = cpu(stoa.pid)
        for _ in range(given.repeats):
            for server in runs:
                runs[server].append(fetched(server, way, given.rows))
            floor.append(loopback(runs[stoa][0][1]))
        used = (cpu(stoa.pid) - used) / given.repeats
        ours, theirs = min(runs[stoa]), min(runs[postgres])
        print(
            f"  {name:15} stoa {given.rows / ours[0] / 1e6:6.2f} ({ours[1] / 1e6:.0f} MB, {used:.2f} CPU s)   "
            f"postgresql {given.rows / theirs[0] / 1e6:6.2f} ({theirs[1] / 1e6:.0f} MB)   x{theirs[0] / ours[0]:.2f}   socket x{ours[0] / min(floor):.2f}"
        )
    for mode in ("simple", "extended", "prepared"):
        ours, theirs = (pgbench(server, mode, given.seconds, scratch) for server in (stoa, postgres))
        print(f"  select 1, {mode:9} stoa {ours:8.0f}/s   postgresql {theirs:8.0f}/s   x{ours / theirs:.2f}")
    print(f"  500 idle sessions: {idle(stoa, 500) / 1e3:.1f} kB each; 2000: {idle(stoa, 2000) / 1e3:.1f} kB each")


if __name__ == "__main__":
    main()
