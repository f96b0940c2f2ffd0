"""One micro-batch of `ingest`: bronze, silver, quarantine and raw_csv from one parse of each record.

A batch is read from Kafka once; the driver makes the files of bronze, silver and quarantine from what that
wrote, copying Parquet's row groups as they are, which costs far less than writing them. With
SINK_FILES=parallel the executors write these files instead. All that a batch writes is staged, checked,
published in one go, and then pruned.

What a small batch costs is starting jobs: each is one task. What a large batch costs is computing: each job
is several tasks.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, TypeVar

from pyspark import inheritable_thread_target
from pyspark.sql import DataFrame

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import Batch, OffsetLog, Range, count_of
from medallion.pipeline import Pipeline
from medallion.preview import preview
from medallion.record_lookup import RecordLookup
from medallion.record_size import RecordSize
from medallion.retention import ReadFiles, prune
from medallion.session import tune_for_size
from medallion.shutdown_guard import BatchCounts
from medallion.sinks.division import divide
from medallion.sinks.file_committer import FileCommitter, FirstBatch, StagedFiles, path_of, published_of
from medallion.sinks.naming import BRONZE, INGEST, SILVER, part_of
from medallion.sinks.parallel_files import ParallelFilePasses
from medallion.sinks.single_file import Rows, SingleFilePasses
from medallion.sinks.staging import Staging
from medallion.whole_batch import RowCounts, WholeBatch

_T = TypeVar("_T")

# The offset log, the source, and the four sinks.
_THREADS = 6


@dataclass(frozen=True)
class Source:
    """What a batch asks about the topic that it was read from.

    `confirm` is called when the records have been read and nothing is published yet; it raises when they came
    from another topic than the checkpoint's. When a topic is deleted and created again under a running query,
    Spark reads on without a word. Its id never comes back, so one look after the reading is enough.
    `lookup` is asked when there are fewer records than offsets. `accepts_loss`: records that retention took
    away before they were read are no error.
    """

    confirm: Callable[[], None]
    lookup: RecordLookup
    accepts_loss: bool = False


@dataclass(frozen=True)
class _Attempt:
    """One attempt at a batch: its passes, its check, and threads to run steps in."""

    passes: SingleFilePasses
    whole: WholeBatch
    threads: ThreadPoolExecutor

    def start(self, work: Callable[..., _T], *arguments: Any) -> Future[_T]:
        """Runs it in a thread whose Spark jobs belong to the batch as those of this one do."""
        return self.threads.submit(inheritable_thread_target(work), *arguments)

    def require_whole(
        self, bronze: StagedFiles, quarantine: StagedFiles, silver: StagedFiles, csv: StagedFiles
    ) -> None:
        """Raises JobError unless the batch is whole."""
        counts = RowCounts(bronze.rows, silver.rows, quarantine.rows)
        self.whole.require(counts, self.passes.bronze_parts)
        self.whole.require_csv(silver.rows, csv.rows)


@dataclass(frozen=True)
class _Outcome:
    """What an attempt has published, and how many records were rejected by reason."""

    staged: list[StagedFiles]
    rejected: dict[str, int]


@dataclass(frozen=True)
class Ingest:
    """Writes a batch of records as the files of four sinks. `silver_read`: which files of silver everybody
    has read who has to; no other is pruned. `parallel`: the files that the executors write are the outputs,
    instead of one file that the driver makes of them.
    """

    pipeline: Pipeline
    rows: Rows
    files: HadoopFiles
    log: OffsetLog
    source: Source
    max_files_per_sink: int
    show_previews: bool = False
    silver_read: Optional[ReadFiles] = None
    parallel: bool = False
    first_batch: FirstBatch = field(default_factory=FirstBatch)
    record_size: RecordSize = field(default_factory=RecordSize)

    def write(self, records: DataFrame, batch_id: int) -> BatchCounts:
        """Takes bronze's columns. Stages, publishes and prunes; gives the rows. A replay with the same
        batch id replaces its own files. Raises JobError, and publishes nothing, when the batch is not whole.
        """
        planned = self.log.planned(batch_id)
        with Staging(self.files, INGEST, batch_id) as staging:
            staging.remove_others(self.log)
            outcome = self._stage_and_publish(records, planned, staging.folder)
        for item in outcome.staged:
            read = self.silver_read if item.sink == SILVER else None
            prune(self.files, self.log, item.sink, self.max_files_per_sink, read)
            if self.show_previews and item.sink == SILVER and item.rows:
                preview(self.files, path_of(item.sink, planned, next(iter(item.paths))))
        return BatchCounts({item.sink.folder: item.rows for item in outcome.staged}, outcome.rejected)

    def _stage_and_publish(self, records: DataFrame, planned: Batch, folder: str) -> _Outcome:
        ranges = self.log.ranges(planned)
        is_small = ranges is not None and self.record_size.fits_one_task(count_of(ranges))
        tune_for_size(records.sparkSession, not is_small)
        replaces = self.first_batch.may_be_published(planned.batch_id)
        committer = FileCommitter(self.files, self.log, planned, folder, replaces)
        passes = self._passes(committer, is_small, ranges)
        whole = WholeBatch(
            *(records.sparkSession, self.files, self.source.lookup, self.source.accepts_loss),
            *(planned.batch_id, ranges, folder),
        )
        with ThreadPoolExecutor(_THREADS) as threads:
            outcome = self._run(_Attempt(passes, whole, threads), records)
        bronze = outcome.staged[0]
        size = sum(self.files.size(path_of(BRONZE, planned, part)) for part in bronze.paths)
        self.record_size.learn(bronze.rows, size)
        return outcome

    def _passes(
        self, committer: FileCommitter, is_small: bool, ranges: Optional[dict[str, Range]]
    ) -> SingleFilePasses:
        if not self._is_parallel(committer):
            return SingleFilePasses(self.files, committer, self.pipeline, self.rows, is_small)
        return ParallelFilePasses(self.files, committer, self.pipeline, self.rows, is_small, divide(ranges))

    def _is_parallel(self, committer: FileCommitter) -> bool:
        """A batch goes on in the form in which its silver began to be published, whatever is set now. Gold
        may have read that, and would read its rows again under other names.
        """
        published = published_of(self.files, SILVER, committer.batch) if committer.replaces else []
        if not published:
            return self.parallel
        return any(part_of(SILVER, name) is not None for name in published)

    def _run(self, attempt: _Attempt, records: DataFrame) -> _Outcome:
        """Whatever does not wait for anything is done at once."""
        passes, committer, batch_id = attempt.passes, attempt.passes.committer, attempt.whole.batch_id
        relied_on = attempt.threads.submit(self.log.sync, batch_id)
        passes.write_rows(records)
        confirmed = attempt.threads.submit(self.source.confirm)
        csv = attempt.start(passes.stage_raw_csv)
        bronze = attempt.start(passes.stage_bronze)
        silver = attempt.start(passes.stage_silver)
        quarantine = attempt.start(passes.stage_quarantine)
        staged = [bronze.result(), quarantine.result(), silver.result(), csv.result()]
        attempt.require_whole(*staged)
        confirmed.result()
        relied_on.result()
        synced = attempt.threads.submit(self.files.sync, committer.commit(staged))
        # Nobody waits for it: readers have their files.
        rejected = passes.count_rejected()
        synced.result()
        return _Outcome(staged, rejected)
