"""Log lines for people and probes, each with the same prefix and flushed at once."""

from __future__ import annotations

import sys

from medallion.errors import JobError

PREFIX = "[spark-streaming] "


def info(line: str) -> None:
    """Prints one line to stdout."""
    print(f"{PREFIX}{line}", flush=True)


def error(failure: JobError) -> None:
    """Prints an expected error to stderr: its sentence (one line each), then the next step."""
    for line in failure.sentence.splitlines():
        print(f"{PREFIX}error: {line}", file=sys.stderr, flush=True)
    if failure.hint:
        print(f"{PREFIX}next: {failure.hint}", file=sys.stderr, flush=True)
