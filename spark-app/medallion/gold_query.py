"""The streaming query of a gold table: silver's folder → windows → one Parquet file for each
micro-batch, or one for each task of it (SINK_FILES=parallel).

It has its own checkpoint with Spark's state store, and its own trigger, so silver does not wait for
gold. It reads a file of silver as soon as the file has its name, even before the batch of `ingest`
that wrote it is committed. That is safe: a replay of the batch makes the same rows under the same
name, also for a part (`sinks/parallel_files.py`), and Spark's file source, which knows files by
their names, does not read them twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion.errors import JobError
from medallion.file_source_log import FileSourceLog
from medallion.gold import gold
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import Batch, OffsetLog
from medallion.pipeline import GoldTable, Pipeline
from medallion.retention import prune
from medallion.settings import PARALLEL, Settings
from medallion.shutdown_guard import BatchCounts, ShutdownGuard
from medallion.silver import silver_schema
from medallion.sinks.file_committer import FileCommitter, StagedFiles
from medallion.sinks.naming import SILVER, Sink, gold_sink
from medallion.sinks.staging import FirstBatch, attempt

_SILVER_OPTIONS = {
    # Only names of the output contract: another file in the folder would end the query.
    "pathGlobFilter": f"{SILVER.prefix}_*_*_*.{SILVER.extension}",
    # The source remembers every file that it has read. By the name instead of the URI this takes
    # less memory, and the folder may be moved.
    "fileNameOnly": "true",
    # The source ignores a file that is older than the newest one by this age: with a short age gold
    # would miss silver when the storage's clock is set back.
    "maxFileAge": "36500d",
}
_STATE_PROVIDER = "spark.sql.streaming.stateStore.providerClass"
#: Only Hadoop's own local file system can copy RocksDB's files. It writes checksum files, so the
#: query's checkpoint then has some.
_ROCKSDB_FILES = ("fs.file.impl", "org.apache.hadoop.fs.LocalFileSystem")
_STATE_SAVE = "StateStoreSave"


@dataclass(frozen=True)
class GoldBatch:
    """Writes the windows that a micro-batch emits to the file of a gold table. `spark` is the
    session that starts the query. With `parallel` each task that has windows writes a file.
    """

    spark: SparkSession
    files: HadoopFiles
    log: OffsetLog
    sink: Sink
    max_files_per_sink: int
    show_previews: bool = False
    parallel: bool = False
    first_batch: FirstBatch = field(default_factory=FirstBatch)

    def write(self, windows: DataFrame, batch_id: int) -> BatchCounts:
        """Stages, commits and prunes a batch, and returns its rows. A replay with the same batch id
        replaces its own file. Raises JobError, and commits nothing, when the batch is not whole.
        """
        with attempt(self.files, self.log, batch_id, self.first_batch) as committer:
            staged = self._stage(windows, committer)
            self.log.sync(batch_id, *self._written_by(committer.batch))
            self.files.sync(committer.commit([staged]))
        prune(self.files, self.log, self.sink, self.max_files_per_sink)
        if self.show_previews:
            committer.preview(staged)
        return BatchCounts({self.sink.folder: staged.rows})

    def _stage(self, windows: DataFrame, committer: FileCommitter) -> StagedFiles:
        windows.write.mode("append").parquet(committer.output("windows"))
        if self.parallel:
            staged = committer.stage_parquet_parts(self.sink, "windows")
        else:
            staged = committer.stage_parquet(self.sink, committer.parts("windows"))
        emitted = _emitted(self.spark, self.sink.folder)
        if staged.rows != emitted:
            raise JobError(
                f"batch {committer.batch.batch_id} of {self.sink.folder} is not whole: {emitted} windows "
                f"were emitted and {staged.rows} are staged in {self.files.uri(committer.folder)}",
                "check that every executor writes to the same storage as the driver",
            )
        return staged

    def _written_by(self, planned: Batch) -> list[str]:
        """The files of the checkpoint that a restart needs once this batch is committed."""
        state = self.log.state_files(planned)
        versions = [f"{folder}/{name}" for folder, names in state.items() for name in names]
        entry = FileSourceLog(self.files, self.sink.folder).entries().get(planned.log_offset or 0)
        return [*versions, *([f"sources/0/{entry}"] if entry else [])]


def start_gold(
    spark: SparkSession,
    settings: Settings,
    files: HadoopFiles,
    table: GoldTable,
    guard: ShutdownGuard,
) -> StreamingQuery:
    """Starts the query of a gold table, which has the table's name. `guard` wraps its batches."""
    files.make_folder(SILVER.folder)
    log = OffsetLog(files, table.name)
    batch = GoldBatch(
        *(spark, files, log, gold_sink(table.name)),
        settings.max_files_per_sink,
        settings.show_previews,
        settings.sink_files == PARALLEL,
    )
    query = (
        gold(read_silver(spark, files, settings.pipeline), table, settings.pipeline.watermark_ms)
        .writeStream.queryName(table.name)
        .outputMode("append")
        .foreachBatch(guard.wrap(batch.write))
        .option("checkpointLocation", files.uri(log.checkpoint))
        .trigger(processingTime=settings.gold_trigger_interval)
    )
    if not _has_rocksdb(spark, files, log):
        return query.start()
    # A query keeps the configuration with which it was started.
    spark.conf.set(*_ROCKSDB_FILES)
    try:
        return query.start()
    finally:
        spark.conf.unset(_ROCKSDB_FILES[0])


def read_silver(spark: SparkSession, files: HadoopFiles, pipeline: Pipeline) -> DataFrame:
    """Silver as a stream: every file that is or will be in its folder, once. The folder has to
    exist.
    """
    # The source interprets a path as a pattern. If the path is one, the source does not compare it
    # with the files that it has read, which have another folder when the outputs were moved.
    root = re.sub(r"([\[\]{}*?\\])", r"\\\1", files.uri())
    folder = f"{root}/[{SILVER.folder[0]}]{SILVER.folder[1:]}"
    return spark.readStream.schema(silver_schema(pipeline)).options(**_SILVER_OPTIONS).parquet(folder)


def _has_rocksdb(spark: SparkSession, files: HadoopFiles, log: OffsetLog) -> bool:
    """Whether the state is, or will be, RocksDB's. A query that has started keeps its state
    store.
    """
    begun = files.read_text(f"{log.checkpoint}/offsets/{log.last_planned()}")
    return "RocksDB" in (begun or spark.conf.get(_STATE_PROVIDER, None) or "")


def _emitted(spark: SparkSession, query: str) -> int:
    """The number of windows that the running batch of a query has emitted, as counted by its
    tasks.
    """
    running: Any = next(each for each in spark.streams.active if each.name == query)
    plans = [running._jsq.streamingQuery().lastExecution().executedPlan()]
    while plans:
        plan = plans.pop()
        if plan.nodeName().startswith(_STATE_SAVE):
            return int(plan.metrics().apply("numOutputRows").value())
        children = plan.children()
        plans += [children.apply(index) for index in range(children.size())]
    raise OSError(f"the plan of {query} has no {_STATE_SAVE}")
