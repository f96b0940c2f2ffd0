"""Lines for people and probes: one prefix, flushed one by one."""

from __future__ import annotations

import sys

from medallion.errors import JobError

PREFIX = "[spark-streaming] "


def say(line: str) -> None:
    """Prints one line to stdout."""
    print(f"{PREFIX}{line}", flush=True)


def complain(error: JobError) -> None:
    """Prints an expected error to stderr: its sentence (one line each), then the next step."""
    for line in error.sentence.splitlines():
        print(f"{PREFIX}error: {line}", file=sys.stderr, flush=True)
    if error.hint:
        print(f"{PREFIX}next: {error.hint}", file=sys.stderr, flush=True)
