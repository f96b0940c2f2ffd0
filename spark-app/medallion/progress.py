"""Two lines for each committed micro-batch, one for people and one of JSON, from Spark's own
progress events, which are sent after the commit.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any, Callable, Dict, Optional

from pyspark.sql.streaming.listener import StreamingQueryListener

from medallion import log
from medallion.shutdown_guard import BatchCounts, ShutdownGuard
from medallion.sinks.naming import INGEST

#: Spark's value for the watermark of a gold query before its first event.
_NO_WATERMARK = "1970-01-01T00:00:00.000Z"

Progress = Dict[str, Any]


def ingest_progress(progress: Progress, counts: BatchCounts) -> Progress:
    """The JSON of a batch of `ingest`. `unmet` has the silver rows for which an expectation is false,
    by its name; `lag` is the number of records that the topic had after the batch when it was
    planned.
    """
    return {
        **_head(progress, counts),
        "rejected": counts.rejected,
        "unmet": counts.unmet,
        "lag": sum(map(_lag, progress["sources"])),
    }


def gold_progress(progress: Progress, counts: BatchCounts) -> Progress:
    """The JSON of a batch of a gold query. `late` is the number of rows that this batch dropped;
    `watermark` is the one with which it began, null before the first event.
    """
    watermark = progress.get("eventTime", {}).get("watermark", _NO_WATERMARK)
    states = progress["stateOperators"]
    return {
        **_head(progress, counts),
        "late": sum(state["numRowsDroppedByWatermark"] for state in states),
        "watermark": None if watermark == _NO_WATERMARK else watermark,
        "state": {
            "rows": sum(state["numRowsTotal"] for state in states),
            "memory_bytes": sum(state["memoryUsedBytes"] for state in states),
        },
    }


def _head(progress: Progress, counts: BatchCounts) -> Progress:
    began = datetime.strptime(progress["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    phases = dict(progress["durationMs"])
    total_ms = phases.pop("triggerExecution", 0)
    at = began + timedelta(milliseconds=total_ms)
    return {
        "query": progress["name"],
        "batch": progress["batchId"],
        "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "rows": counts.rows,
        # Spark's phases of a micro-batch; `total` is the whole trigger.
        "ms": {**phases, "total": total_ms},
    }


def _lag(source: Progress) -> int:
    latest, end = source.get("latestOffset"), source["endOffset"]
    return sum(_positions(latest)) - sum(_positions(end)) if isinstance(latest, dict) else 0


def _positions(offsets: dict[str, dict[str, int]]) -> list[int]:
    return [offset for partitions in offsets.values() for offset in partitions.values()]


class BatchLines(StreamingQueryListener):
    """Prints, after each commit, `query=ingest batch=12 rows=500 bronze=500 … seconds=0.8` and
    `progress {…}`; and `first data batch committed` once.

    A gold batch without rows is printed only when its watermark or state has changed, or rows were
    late.
    """

    def __init__(self) -> None:
        #: Receives the JSON of each progress line as well.
        self.record: Callable[[str], None] = lambda line: None
        #: The guards by the query's name.
        self.guards: dict[str, ShutdownGuard] = {}
        self._gold_states: dict[str, tuple[Optional[str], int]] = {}
        self._ended: set[str] = set()
        self._has_ended = threading.Condition()
        self._first = True

    def guard_of(self, name: str) -> ShutdownGuard:
        """The guard of a query's batches."""
        return self.guards.setdefault(name, ShutdownGuard())

    def wait_for_end(self, run_ids: list[str], seconds: float) -> None:
        """Waits for the last event of these runs, at most the given number of seconds."""
        with self._has_ended:
            self._has_ended.wait_for(lambda: self._ended >= set(run_ids), seconds)

    def onQueryStarted(self, event: Any) -> None:
        pass

    def onQueryProgress(self, event: Any) -> None:
        progress = json.loads(event.progress.json)
        guard = self.guards.get(progress["name"])
        counts = guard.counts.pop(progress["batchId"], None) if guard else None
        if counts is None:
            return
        if progress["name"] == INGEST:
            self._print_ingest(progress, counts)
        else:
            self._print_gold(progress, counts)

    def onQueryIdle(self, event: Any) -> None:
        pass

    def onQueryTerminated(self, event: Any) -> None:
        with self._has_ended:
            self._ended.add(str(event.runId))
            self._has_ended.notify_all()

    def _print_ingest(self, progress: Progress, counts: BatchCounts) -> None:
        # From bronze, which has each record once. Spark's numInputRows counts a record each time
        # that it is read.
        rows = counts.rows["bronze"]
        unmet = "".join(f" unmet.{name}={count}" for name, count in counts.unmet.items() if count)
        self._print(f"rows={rows}{unmet}", ingest_progress(progress, counts))
        if self._first and rows:
            self._first = False
            log.info("first data batch committed")

    def _print_gold(self, progress: Progress, counts: BatchCounts) -> None:
        line = gold_progress(progress, counts)
        name, state = line["query"], (line["watermark"], line["state"]["rows"])
        is_news = state != self._gold_states.get(name, (None, 0)) or line["late"] > 0
        self._gold_states[name] = state
        if is_news or progress["numInputRows"] > 0 or any(counts.rows.values()):
            self._print(f"late={line['late']} watermark={line['watermark']}", line)

    def _print(self, facts: str, line: Progress) -> None:
        sinks = " ".join(f"{sink}={rows}" for sink, rows in line["rows"].items())
        seconds = line["ms"]["total"] / 1000
        log.info(f"query={line['query']} batch={line['batch']} {facts} {sinks} seconds={seconds:.1f}")
        document = json.dumps(line, separators=(",", ":"))
        log.info(f"progress {document}")
        self.record(document)
