"""One micro-batch: bronze, silver, quarantine, gold and raw_csv from one parse of each record.

A batch is read from Kafka once; the driver makes the files of bronze and silver from what the first look
wrote, copying Parquet's row groups and lines of CSV as they are, which costs far less than writing them.

What a small batch costs is starting jobs: each is one task, and raw_csv and gold are made once silver is
published. What a large batch costs is computing: each job is several tasks, and everything is published at
the end.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from pyspark import inheritable_thread_target
from pyspark.sql import DataFrame

from medallion.batch_passes import BatchPasses
from medallion.gold_state import GoldStates
from medallion.hadoop_files import HadoopFiles
from medallion.naming import GOLD, SILVER
from medallion.offset_log import OffsetLog
from medallion.preview import preview
from medallion.publication import Publication, Staged
from medallion.retention import prune

_T = TypeVar("_T")

#: Batches of fewer records are written by one task: starting more would cost more than it saves.
ONE_TASK_RECORDS = 20_000


# Beside gold, of a large batch: bronze, silver, quarantine, and raw_csv twice.
_THREADS = 5


@dataclass(frozen=True)
class _Steps:
    """The passes of a batch, and threads to run them in."""

    passes: BatchPasses
    threads: ThreadPoolExecutor

    def start(self, work: Callable[..., _T], *arguments: Any) -> Future[_T]:
        """Runs it in a thread that belongs to the batch's job as this one does."""
        return self.threads.submit(inheritable_thread_target(work), *arguments)


@dataclass(frozen=True)
class MedallionBatch:
    """Writes a batch of records (BRONZE_COLUMNS) as the files of five sinks.

    `confirm_source` is called when the records have been read and nothing is published yet; it raises when
    they came from another topic than the checkpoint's. When a topic is deleted and created again under a
    running query, Spark reads on without a word. Its id never comes back, so one look after the reading is
    enough.
    """

    files: HadoopFiles
    log: OffsetLog
    states: GoldStates
    max_files_per_sink: int
    show_previews: bool = False
    confirm_source: Callable[[], None] = lambda: None

    def write(self, records: DataFrame, batch_id: int) -> dict[str, int]:
        """Stages, publishes and prunes; gives rows by sink. A replay with the same batch id replaces its
        own files.
        """
        planned = self.log.planned(batch_id)
        publication = Publication(self.files, "medallion", planned)
        publication.clear()
        size = self.log.size(planned)
        is_small = size is not None and size < ONE_TASK_RECORDS
        passes = BatchPasses(self.files, publication, self.states, records.sparkSession, is_small)
        with ThreadPoolExecutor(_THREADS) as threads:
            staged = (self._small if is_small else self._large)(_Steps(passes, threads), records, batch_id)
        publication.clear()
        for item in staged:
            prune(self.files, self.log, item.sink, self.max_files_per_sink)
            if self.show_previews and item.sink in (SILVER, GOLD) and item.rows:
                preview(records.sparkSession, self.files, publication.path_of(item.sink))
        return {item.sink.folder: item.rows for item in staged}

    def _small(self, steps: _Steps, records: DataFrame, batch_id: int) -> list[Staged]:
        """Silver as soon as can be; what is made of silver afterwards."""
        passes, publication = steps.passes, steps.passes.publication
        passes.write_first_look(records)
        confirmed, bronze = steps.start(self.confirm_source), steps.start(passes.stage_bronze)
        passes.write_second_look()
        quarantine, silver = passes.stage_quarantine(), passes.stage_silver()
        staged = [bronze.result(), quarantine, silver]
        confirmed.result()
        publication.publish(staged)
        rows = [publication.path_of(SILVER)] if silver.rows else []
        csv = steps.start(passes.write_csv, rows, "lines")
        gold = passes.stage_gold(rows, batch_id)
        csv.result()
        derived = [passes.stage_csv(silver.rows), gold]
        publication.publish(derived)
        return staged + derived

    def _large(self, steps: _Steps, records: DataFrame, batch_id: int) -> list[Staged]:
        """Cores busy throughout: whatever does not wait for anything at once."""
        passes = steps.passes
        passes.write_first_look(records)
        self.confirm_source()
        bronze = steps.start(passes.stage_bronze)
        csv = steps.start(passes.write_csv, passes.silver_parts("first"), "first")
        passes.write_second_look()
        silver = steps.start(passes.stage_silver)
        quarantine = steps.start(passes.stage_quarantine)
        lines = steps.start(_finish_csv, passes, csv, silver)
        gold = passes.stage_gold(passes.silver_parts("first", "second"), batch_id)
        staged = [bronze.result(), quarantine.result(), silver.result(), lines.result(), gold]
        passes.publication.publish(staged)
        return staged


def _finish_csv(passes: BatchPasses, first: Future[None], silver: Future[Staged]) -> Staged:
    """Adds the rows of the second look, and makes one file of all: it is copied while gold is counted."""
    passes.write_csv(passes.silver_parts("second"), "second")
    first.result()
    return passes.stage_csv(silver.result().rows)
