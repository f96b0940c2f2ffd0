"""The streaming query of a gold table: silver's folder → windows → one Parquet file for each micro-batch, or
one for each task of it (SINK_FILES=parallel).

It has a checkpoint of its own with Spark's state store, and a trigger of its own: silver does not wait for
gold. A file of silver counts as soon as it has its name, also before the batch of `ingest` that wrote it is
committed: a replay of that batch makes the same rows under the same name, also of a part (`sinks.division`),
and Spark's file source, which knows files by their names, does not read them twice.
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
    # Names of the output contract alone: another file in the folder would end the query.
    "pathGlobFilter": f"{SILVER.prefix}_*_*_*.{SILVER.extension}",
    # The source remembers every file that it has read, by its name instead of its URI: less memory, and the
    # folder may be moved.
    "fileNameOnly": "true",
    # A file that is so much older than the newest one is passed over: silver would be lost to gold when the
    # clock of the storage is set back.
    "maxFileAge": "36500d",
}
_STATE_PROVIDER = "spark.sql.streaming.stateStore.providerClass"
#: RocksDB's files are copied by Hadoop's own local file system or not at all. It keeps checksum files, so
#: that the query has some in its checkpoint then.
_ROCKSDB_FILES = ("fs.file.impl", "org.apache.hadoop.fs.LocalFileSystem")
_STATE_SAVE = "StateStoreSave"


@dataclass(frozen=True)
class GoldBatch:
    """Writes the windows that a micro-batch emits as the file of a gold table. `spark` starts the query.
    `parallel`: a file for each task that has some.
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
        """Stages, commits and prunes; gives the rows. A replay with the same batch id replaces its
        own file. Raises JobError, and commits nothing, when the batch is not whole.
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
        """Files of the checkpoint that a restart needs when this batch is committed."""
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
    """Starts the query of a gold table, named as the table; its batches pass the guard."""
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
    # The query keeps the configuration that it is started with.
    spark.conf.set(*_ROCKSDB_FILES)
    try:
        return query.start()
    finally:
        spark.conf.unset(_ROCKSDB_FILES[0])


def read_silver(spark: SparkSession, files: HadoopFiles, pipeline: Pipeline) -> DataFrame:
    """Silver as a stream: every file that is or will be in its folder, once. The folder has to be there."""
    # The source takes a path for a pattern. One that is a pattern it does not hold against the files that it
    # has read: when the outputs were moved, these have another folder.
    root = re.sub(r"([\[\]{}*?\\])", r"\\\1", files.uri())
    folder = f"{root}/[{SILVER.folder[0]}]{SILVER.folder[1:]}"
    return spark.readStream.schema(silver_schema(pipeline)).options(**_SILVER_OPTIONS).parquet(folder)


def _has_rocksdb(spark: SparkSession, files: HadoopFiles, log: OffsetLog) -> bool:
    """Whether the state is, or will be, RocksDB's. A query that has begun stays with its own."""
    begun = files.read_text(f"{log.checkpoint}/offsets/{log.last_planned()}")
    return "RocksDB" in (begun or spark.conf.get(_STATE_PROVIDER, None) or "")


def _emitted(spark: SparkSession, query: str) -> int:
    """How many windows the running batch of a query has emitted, as its tasks have counted them."""
    running: Any = next(each for each in spark.streams.active if each.name == query)
    plans = [running._jsq.streamingQuery().lastExecution().executedPlan()]
    while plans:
        plan = plans.pop()
        if plan.nodeName().startswith(_STATE_SAVE):
            return int(plan.metrics().apply("numOutputRows").value())
        children = plan.children()
        plans += [children.apply(index) for index in range(children.size())]
    raise OSError(f"the plan of {query} has no {_STATE_SAVE}")
