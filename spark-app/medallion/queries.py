"""The streaming queries of the job, which are started one by one, and watched and stopped
together.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion import log
from medallion.progress import BatchLines
from medallion.shutdown_guard import ShutdownGuard

#: How long stopping a query may take when none of its batches runs: its thread has to notice.
STOP_S = 5.0
#: How long the last event of a query may take to arrive.
LAST_EVENT_S = 2.0
_POLL_S = 0.05


@dataclass
class RunningQuery:
    """A started query and the guard of its batches. `abandoned` means that it was stopped within a
    batch.
    """

    query: StreamingQuery
    guard: ShutdownGuard
    abandoned: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether it has ended by itself, with an error that is not a consequence of the stop."""
        if self.query.isActive or self.abandoned or self.guard.has_refused:
            return False
        return self.query.exception() is not None

    @property
    def is_at_work(self) -> bool:
        """Whether one of its batches is running."""
        return bool(self.query.isActive and self.query.status["isTriggerActive"])


@dataclass
class Queries:
    """The queries of one application, in the order in which they were started."""

    spark: SparkSession
    running: list[RunningQuery] = field(default_factory=list)
    lines: BatchLines = field(default_factory=BatchLines)

    def start(self, name: str, start: Callable[[ShutdownGuard], StreamingQuery]) -> None:
        """Starts a query of this name. `start` receives the guard for the query's batches.

        Each query has its own scheduler pool, so that a large batch of one query leaves cores to
        the others.
        """
        if not self.lines.guards:
            self.spark.streams.addListener(self.lines)
        guard = self.lines.guard_of(name)
        context = self.spark.sparkContext
        # The query's thread and the threads of its batch function inherit it.
        context.setLocalProperty("spark.scheduler.pool", name)
        try:
            self.running.append(RunningQuery(start(guard), guard))
        finally:
            context.setLocalProperty("spark.scheduler.pool", None)  # type: ignore[arg-type]

    @property
    def are_active(self) -> bool:
        """Whether every query is active."""
        return all(each.query.isActive for each in self.running)

    def failed(self) -> Optional[RunningQuery]:
        """The first query that has ended by itself with an error."""
        return next((each for each in self.running if each.has_failed), None)

    def stop(self, grace_s: float) -> None:
        """Lets running batches commit within one grace period, then stops every query. No new batch
        begins.
        """
        if not self.lines.guards:
            return
        for guard in self.lines.guards.values():
            guard.stop()
        self._quiet_refusals()
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and any(each.is_at_work for each in self.running):
            time.sleep(_POLL_S)
        for each in self.running:
            if each.is_at_work:
                each.abandoned = True
                log.info(
                    f"query={each.query.name} abandons its batch: not finished {grace_s:.0f} s after the "
                    "stop; a restart runs it again"
                )
        # In parallel and with a time limit: a stop waits for the query's thread, and the JVM may be
        # ending meanwhile.
        stops = [threading.Thread(target=each.query.stop, daemon=True) for each in self.running]
        for stop in stops:
            stop.start()
        until = time.monotonic() + STOP_S
        for stop in stops:
            stop.join(max(0.0, until - time.monotonic()))
        # Otherwise Spark would call it after Python has ended, and log each failed call at length.
        self.lines.wait_for_end([str(each.query.runId) for each in self.running], LAST_EVENT_S)
        self.spark.streams.removeListener(self.lines)

    def _quiet_refusals(self) -> None:
        # Spark logs a refused batch as a failed query with its stack. The job logs real failures
        # itself.
        log4j: Any = self.spark._jvm.org.apache.logging.log4j  # type: ignore[union-attr]
        name = "org.apache.spark.sql.execution.streaming.MicroBatchExecution"
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
