"""A standalone master that has forgotten this application.

A master that starts again asks every application it knew to answer, and removes those that do not within a
minute. It tells them nothing: whoever was halted in the meantime goes on, sees its executors end, and waits
for new ones for ever. So once an application has had no executor for a while, it asks the master.
"""

from __future__ import annotations

import time
from typing import Any, Callable

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from medallion.errors import JobError

#: How long there may be no executor before the master is asked: a worker that was killed is back sooner.
WITHOUT_S = 20.0
_ASK_EVERY_S = 5.0
_LOOK_EVERY_S = 1.0
_ANY_NUMBER = 2**31 - 1


class ExecutorWatch:
    """Looks at the executors now and then. `count` gives how many there are, `is_known` whether the master
    knows the application.
    """

    def __init__(
        self,
        count: Callable[[], int],
        is_known: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._is_known = is_known
        self._now = now
        self._looks_at = 0.0
        self._asks_at = float("inf")
        self._had_any = False

    def check(self) -> None:
        """Raises JobError when there is no executor, and the master will give none any more."""
        now = self._now()
        if now < self._looks_at:
            return
        self._looks_at = now + _LOOK_EVERY_S
        if self._count() > 0:
            self._had_any = True
            self._asks_at = float("inf")
        elif self._had_any and self._asks_at == float("inf"):
            self._asks_at = now + WITHOUT_S
        elif now >= self._asks_at:
            self._asks_at = now + _ASK_EVERY_S
            if not self._is_known():
                raise JobError(
                    "the Spark master does not know this application any more: it was started again, and "
                    "had no answer from here within a minute"
                )


def watch_executors(spark: SparkSession) -> ExecutorWatch:
    """The watch over an application's executors; without a standalone master there is nothing to ask."""
    if not str(spark.sparkContext.master).startswith("spark://"):
        return ExecutorWatch(lambda: 0, lambda: True)
    java: Any = spark
    context = java._jsc.sc()
    nobody = java._jvm.PythonUtils.toScalaMap({})

    def is_known() -> bool:
        try:
            # As many as it likes, which is what it was asked for before. The answer is false from a master
            # that does not know who asks (Master.handleRequestExecutors).
            return bool(context.requestTotalExecutors(_ANY_NUMBER, 0, nobody))
        except Py4JError:
            # No answer: the master is away, and comes back.
            return True

    # One of them is the driver.
    return ExecutorWatch(lambda: int(context.getExecutorMemoryStatus().size()) - 1, is_known)
