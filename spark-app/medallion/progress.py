"""One line per committed micro-batch, from Spark's own progress events (they are sent after the commit)."""

from __future__ import annotations

import threading
from typing import Any

from pyspark.sql.streaming.listener import StreamingQueryListener

from medallion.console import say
from medallion.gate import BatchGate


class CommitLines(StreamingQueryListener):
    """Prints `query=medallion batch=12 rows=500 bronze=500 … seconds=0.8`, and `first data batch
    committed` once.
    """

    def __init__(self, gate: BatchGate) -> None:
        #: Set by the last event of the query.
        self.ended = threading.Event()
        self._gate = gate
        self._first = True

    def onQueryStarted(self, event: Any) -> None:
        pass

    def onQueryProgress(self, event: Any) -> None:
        progress = event.progress
        counts = self._gate.counts.pop(progress.batchId, None)
        if counts is None:
            return
        # Spark's numInputRows counts a record once per read of the batch; the bronze file has each once.
        rows = counts["bronze"]
        sinks = " ".join(f"{sink}={count}" for sink, count in counts.items())
        seconds = progress.durationMs.get("triggerExecution", 0) / 1000
        say(f"query={progress.name} batch={progress.batchId} rows={rows} {sinks} seconds={seconds:.1f}")
        if self._first and rows:
            self._first = False
            say("first data batch committed")

    def onQueryIdle(self, event: Any) -> None:
        pass

    def onQueryTerminated(self, event: Any) -> None:
        self.ended.set()
