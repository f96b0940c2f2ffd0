"""The guard around every micro-batch of a query: it lets no batch begin once the job stops, and
records why a batch failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Optional

from pyspark.sql import DataFrame


class BatchRefusedError(Exception):
    """Raised in a query whose batch began during the stop. Nothing is written; a restart runs the
    batch.
    """


@dataclass(frozen=True)
class BatchCounts:
    """The rows of a batch by sink, its rejected records by reason, and its silver rows for which an
    expectation (`expect`) is false, by its name.
    """

    rows: dict[str, int]
    rejected: dict[str, int] = field(default_factory=dict)
    unmet: dict[str, int] = field(default_factory=dict)


class ShutdownGuard:
    """Wraps a query's batch function. `counts` has the counts of batches that were not reported
    yet, by batch id.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self.has_refused = False
        self.failure: Optional[BaseException] = None
        self.counts: dict[int, BatchCounts] = {}

    def stop(self) -> None:
        """From now on a batch that begins is refused before it writes."""
        self.is_stopping = True

    def wrap(self, write: Callable[[DataFrame, int], BatchCounts]) -> Callable[[DataFrame, int], None]:
        """A function for foreachBatch that calls `write` unless the job stops. The counts are kept
        until the commit.
        """

        def run(batch: DataFrame, batch_id: int) -> None:
            if self.is_stopping:
                self.has_refused = True
                raise BatchRefusedError(f"batch {batch_id} began while the job was stopping")
            try:
                self.counts[batch_id] = write(batch, batch_id)
            except BaseException as error:
                self.failure = error
                raise

        return run
