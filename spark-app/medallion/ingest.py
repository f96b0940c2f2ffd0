"""The query `ingest` over the topic, and its micro-batch: bronze, silver, quarantine and raw_csv
from one parse of each record.

A batch is read from Kafka once and staged. The driver makes the files of bronze, silver and
quarantine from the staged files by copying Parquet's row groups as they are, which costs far less
than writing them. With SINK_FILES=parallel the executors write these files instead. All files of a
batch are staged, checked and committed together. Then old files are pruned.

A small batch costs mainly the start of Spark jobs, so each job has one task. A large batch costs
mainly computation, so each job has several tasks.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Optional

from pyspark import inheritable_thread_target
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion.bronze import bronze
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog, Range, count_of
from medallion.parse import Parser
from medallion.pipeline import Pipeline
from medallion.resolved_plan import PhysicalPlan, ResolvedPlan
from medallion.retention import ReadFiles, prune
from medallion.session import tune_for_size
from medallion.settings import PARALLEL, Settings
from medallion.shutdown_guard import BatchCounts, ShutdownGuard
from medallion.sinks.file_committer import FileCommitter, StagedFiles, path_of
from medallion.sinks.naming import BRONZE, INGEST, SILVER, part_of
from medallion.sinks.parallel_files import ParallelFileStaging
from medallion.sinks.single_file import Rows, SingleFileStaging, rows_of
from medallion.sinks.staging import FirstBatch, attempt
from medallion.source_manifest import SourceManifest
from medallion.topic import RecordLookup, TopicLookup
from medallion.whole_batch import WholeBatch

#: After every poll Spark asks the broker where the partition begins and ends, and drops what else
#: it fetched. So a few large polls are cheap. That request waits for a fetch in flight, which the
#: broker answers at the end of the topic only after the maximum wait. The records of a batch exist
#: already, so no fetch has to wait. (InternalKafkaConsumer of Spark 3.5)
_CONSUMER = {"kafka.max.poll.records": "10000", "kafka.fetch.max.wait.ms": "0"}
#: The least number of tasks that read a large batch. With one per partition of a small topic, cores
#: would idle at the end. A small batch has one task.
_MIN_TASKS = 6

#: Batches of fewer records are written by one task: starting more would cost more than it saves.
ONE_TASK_RECORDS = 20_000
#: The same by the bytes of bronze.
ONE_TASK_BYTES = 16 << 20
#: The assumed size of a record until a batch of this driver has shown its size.
_UNKNOWN_BYTES = 4096.0

# One thread each for the offset log, the source, and the four sinks.
_THREADS = 6


@dataclass(frozen=True)
class Source:
    """The checks of the topic that a batch was read from.

    `confirm` is called when the records have been read and nothing is committed yet. It raises when
    they came from another topic than the checkpoint's. Spark silently continues to read when a
    topic is deleted and created again under a running query. The former id never comes back, so one
    check after reading is enough. `lookup` is called when there are fewer records than offsets.
    With `accepts_loss`, records that retention removed before they were read are not an error.
    """

    confirm: Callable[[], None]
    lookup: RecordLookup
    accepts_loss: bool = False


@dataclass
class Ingest:
    """Writes a batch of records to the files of four sinks.

    `silver_read` returns the files of silver that every gold query has read; no others are pruned.
    With `parallel` the outputs are the files that the executors write, instead of one file that the
    driver makes from them.
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
    #: Bytes of bronze per record in the last batch.
    record_bytes: float = _UNKNOWN_BYTES

    def write(self, records: DataFrame, batch_id: int) -> BatchCounts:
        """Stages, commits and prunes a batch with bronze's columns, and returns its rows. A replay
        with the same batch id replaces its own files. Raises JobError, and commits nothing, when
        the batch is not whole.
        """
        with attempt(self.files, self.log, batch_id, self.first_batch) as committer:
            staged, rejected, unmet = self._stage_and_commit(records, committer)
        for item in staged:
            read = self.silver_read if item.sink == SILVER else None
            prune(self.files, self.log, item.sink, self.max_files_per_sink, read)
            if self.show_previews and item.sink == SILVER:
                committer.preview(item)
        return BatchCounts({item.sink.folder: item.rows for item in staged}, rejected, unmet)

    def _stage_and_commit(
        self, records: DataFrame, committer: FileCommitter
    ) -> tuple[list[StagedFiles], dict[str, int], dict[str, int]]:
        """Returns the committed rows, the rejected records by reason, and the rows that do not meet
        an expectation, by its name. Steps run in parallel where they can.
        """
        batch, spark = committer.batch, records.sparkSession
        ranges = self.log.ranges(batch)
        is_small = ranges is not None and self._fits_one_task(count_of(ranges))
        tune_for_size(spark, not is_small)
        staging = self._staging(committer, is_small, ranges)
        whole = WholeBatch(
            *(spark, self.files, self.source.lookup, self.source.accepts_loss),
            *(batch.batch_id, ranges, committer.folder),
        )
        with ThreadPoolExecutor(_THREADS) as threads:

            def start(stage: Callable[[], StagedFiles]) -> Future[StagedFiles]:
                # In a thread whose Spark jobs belong to the batch, like those of this thread.
                return threads.submit(inheritable_thread_target(stage))

            relied_on = threads.submit(self.log.sync, batch.batch_id)
            staging.write_rows(records)
            confirmed = threads.submit(self.source.confirm)
            csv = start(staging.stage_raw_csv)
            bronze_, silver = start(staging.stage_bronze), start(staging.stage_silver)
            quarantine = start(staging.stage_quarantine)
            staged = [each.result() for each in (bronze_, quarantine, silver, csv)]
            whole.require({item.sink.folder: item.rows for item in staged}, staging.bronze_parts)
            confirmed.result()
            relied_on.result()
            synced = threads.submit(self.files.sync, committer.commit(staged))
            # After the commit: no reader waits for it.
            rejected, unmet = staging.count_rejected(), staging.count_unmet()
            synced.result()
        if staged[0].rows:
            size = sum(self.files.size(path_of(BRONZE, batch, part)) for part in staged[0].paths)
            self.record_bytes = size / staged[0].rows
        return staged, rejected, unmet

    def _fits_one_task(self, records: int) -> bool:
        return records < ONE_TASK_RECORDS and records * self.record_bytes < ONE_TASK_BYTES

    def _staging(
        self, committer: FileCommitter, is_small: bool, ranges: Optional[dict[str, Range]]
    ) -> SingleFileStaging:
        given = (self.files, committer, self.pipeline, self.rows, is_small)
        if self._is_parallel(committer):
            return ParallelFileStaging(*given, ranges)
        return SingleFileStaging(*given)

    def _is_parallel(self, committer: FileCommitter) -> bool:
        """A batch continues in the form (one file or parts) of its committed silver files, whatever
        the setting is now. Gold may have read these files, and would read their rows again under
        other names.
        """
        committed = committer.committed(SILVER)
        if not committed:
            return self.parallel
        return any(part_of(SILVER, name) is not None for name in committed)


def start_ingest(
    spark: SparkSession,
    settings: Settings,
    files: HadoopFiles,
    manifest: SourceManifest,
    guard: ShutdownGuard,
    confirm_source: Callable[[], None],
    silver_read: ReadFiles,
) -> StreamingQuery:
    """Starts `ingest`. See `Source` for `confirm_source` and `Ingest` for `silver_read`."""
    log = OffsetLog(files, INGEST, manifest.starting_offsets)
    lookup = TopicLookup(spark, settings.bootstrap_servers, settings.topic, settings.isolation_level)
    source = Source(confirm_source, lookup, accepts_loss=not settings.fail_on_data_loss)
    pipeline = settings.pipeline
    records = bronze(_read_topic(spark, settings, manifest))
    parsed = Parser(pipeline).parse(records)
    with_lines, without = (
        ResolvedPlan(records, rows_of(pipeline, parsed, has_lines)) for has_lines in (True, False)
    )
    # Small batches stage the lines of raw_csv, too.
    small = PhysicalPlan(with_lines)

    def rows(batch: DataFrame, has_lines: bool) -> DataFrame:
        return small.over(batch) if has_lines else without.over(batch)

    batch = Ingest(
        *(pipeline, rows, files, log, source),
        *(settings.max_files_per_sink, settings.show_previews, silver_read, settings.sink_files == PARALLEL),
    )
    return (
        records.writeStream.queryName(INGEST)
        .foreachBatch(guard.wrap(batch.write))
        .option("checkpointLocation", files.uri(log.checkpoint))
        .trigger(processingTime=settings.trigger_interval)
        .start()
    )


def _read_topic(spark: SparkSession, settings: Settings, manifest: SourceManifest) -> DataFrame:
    """The topic as a stream of the records of Spark's Kafka source, with headers."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.bootstrap_servers)
        .option("subscribe", settings.topic)
        .option("startingOffsets", json.dumps({settings.topic: manifest.starting_offsets}))
        .option("includeHeaders", "true")
        .option("minPartitions", _MIN_TASKS)
        .options(**_CONSUMER)
        .option("kafka.isolation.level", settings.isolation_level)
        .option("failOnDataLoss", str(settings.fail_on_data_loss).lower())
        .option("maxOffsetsPerTrigger", settings.max_offsets_per_trigger)
        .load()
    )
