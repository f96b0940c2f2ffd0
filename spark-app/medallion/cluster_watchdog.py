"""Detects that a standalone master no longer knows this application.

A restarted master asks every application it knew to answer, and removes those that do not within a
minute. A master that has lost its records knows none. It does not notify them: such an application
sees its executors end, and waits for new ones for ever. So the job asks the master once it has had
no executor for a while.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Optional

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from medallion.errors import JobError

#: How long there may be no executor before the job asks the master. A worker that was killed is
#: back sooner.
WITHOUT_S = 20.0
#: How long there may be neither an executor nor an answer of the master. A master that was gone
#: only reconnects when it has kept its records, by calling the application.
SILENT_S = 60.0
_ASK_EVERY_S = 10.0
_LOOK_EVERY_S = 1.0
_ANY_NUMBER = 2**31 - 1


class ClusterWatchdog:
    """Checks the executors. `count` returns their number, `is_known` whether the master knows the
    application, or None when it does not answer.
    """

    def __init__(
        self,
        count: Callable[[], int],
        is_known: Callable[[], Optional[bool]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._is_known = is_known
        self._now = now
        self._looks_at = 0.0
        self._had_any = False
        # Since when there has been neither an executor nor a confirmation by the master that it
        # knows the application.
        self._without_since: Optional[float] = None
        self._asks_at = 0.0

    def check(self) -> None:
        """Raises JobError when there is no executor and the master will provide none."""
        now = self._now()
        if now < self._looks_at:
            return
        self._looks_at = now + _LOOK_EVERY_S
        if self._count() > 0:
            self._had_any = True
            self._without_since = None
        elif self._had_any and self._without_since is None:
            self._without_since = now
            self._asks_at = now + WITHOUT_S
        elif self._without_since is not None and now >= self._asks_at:
            self._asks_at = now + _ASK_EVERY_S
            known, seconds = self._is_known(), now - self._without_since
            if known:
                self._without_since = self._now()
            elif known is False:
                raise JobError(
                    "the Spark master does not know this application any more: it was started again, and had "
                    "no answer from here within a minute"
                )
            elif seconds >= SILENT_S:
                raise JobError(
                    f"there has been no executor and no answer of the Spark master for {seconds:.0f} s"
                )


def watch_executors(spark: SparkSession) -> ClusterWatchdog:
    """The watchdog of an application's executors. Without a standalone master it does nothing."""
    if not str(spark.sparkContext.master).startswith("spark://"):
        return ClusterWatchdog(lambda: 0, lambda: True)
    java: Any = spark
    context = java._jsc.sc()
    no_hosts = java._jvm.PythonUtils.toScalaMap({})

    def is_known() -> Optional[bool]:
        try:
            # Requests any number of executors, as at the start. A master that does not know the
            # application answers false (Master.handleRequestExecutors).
            return bool(context.requestTotalExecutors(_ANY_NUMBER, 0, no_hosts))
        except Py4JError:
            return None

    # One of the entries is the driver.
    return ClusterWatchdog(lambda: int(context.getExecutorMemoryStatus().size()) - 1, is_known)
