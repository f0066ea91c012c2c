"""Measuring: one process, its time, its CPU and its peak memory. What the process does is not known here."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Run:
    """One run: seconds on the clock, CPU seconds over all threads, peak resident bytes, and what it printed."""

    seconds: float
    cpu: float
    peak: int
    output: str


def run(command, env=None):
    """Runs a command to its end. A failure is an error with what the command said."""
    started = time.monotonic()
    # Errors go to a file: a pipe that nobody empties meanwhile would stop a process that says much.
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=env)
        output = process.stdout.read()
        # wait4 alone tells the peak of this one child (getrusage would give the largest of all so far).
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{command[0]} failed with {process.returncode}:\n{errors.read()}")
    return Run(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.strip())


def best(runs):
    """The quickest run, with the highest peak of all."""
    quickest = min(runs, key=lambda r: r.seconds)
    return Run(quickest.seconds, quickest.cpu, max(r.peak for r in runs), quickest.output)
