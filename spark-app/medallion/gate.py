"""The gate every micro-batch passes: open while the job runs, shut when it stops, remembering why a batch
failed.
"""

from __future__ import annotations

import threading
from typing import Callable, Optional

from pyspark.sql import DataFrame


class BatchRefusedError(Exception):
    """Raised into a query whose batch began while the job was stopping. Nothing was written; a restart
    runs it.
    """


class BatchGate:
    """Wraps the query's batch function. `counts` holds the rows by sink of batches not yet reported."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.has_refused = False
        self.failure: Optional[BaseException] = None
        self.counts: dict[int, dict[str, int]] = {}

    def shut(self) -> None:
        """From now on a batch that begins is refused before it writes."""
        self._stopping.set()

    @property
    def is_shut(self) -> bool:
        """Whether the job is stopping."""
        return self._stopping.is_set()

    def guard(self, write: Callable[[DataFrame, int], dict[str, int]]) -> Callable[[DataFrame, int], None]:
        """A function for foreachBatch that runs `write` behind the gate and keeps its counts until the
        commit.
        """

        def run(batch: DataFrame, batch_id: int) -> None:
            if self.is_shut:
                self.has_refused = True
                raise BatchRefusedError(f"batch {batch_id} began while the job was stopping")
            try:
                self.counts[batch_id] = write(batch, batch_id)
            except BaseException as error:
                self.failure = error
                raise

        return run
