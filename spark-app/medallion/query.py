"""The query `ingest` over the topic."""

from __future__ import annotations

import json
from typing import Callable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion.bronze import bronze
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest, Source
from medallion.offset_log import OffsetLog
from medallion.parse import Parser
from medallion.record_lookup import TopicLookup
from medallion.resolved_plan import PhysicalPlan, ResolvedPlan
from medallion.retention import ReadFiles
from medallion.settings import PARALLEL, Settings
from medallion.shutdown_guard import ShutdownGuard
from medallion.sinks.naming import INGEST
from medallion.sinks.single_file import rows_of
from medallion.source_manifest import SourceManifest

#: After every poll Spark asks the broker where the partition begins and ends, and drops what else it fetched:
#: few large polls are cheap. Its question waits behind a fetch that is on its way, which at the end of the
#: topic the broker answers only after the longest wait; what a batch reads is there, so no fetch has to wait.
#: (InternalKafkaConsumer of Spark 3.5)
_CONSUMER = {"kafka.max.poll.records": "10000", "kafka.fetch.max.wait.ms": "0"}

#: Tasks that read a large batch at least: with as many as a small topic has partitions, cores would idle at
#: the end. A small batch has one all the same.
_MIN_TASKS = 6


def start_ingest(
    spark: SparkSession,
    settings: Settings,
    files: HadoopFiles,
    manifest: SourceManifest,
    guard: ShutdownGuard,
    confirm_source: Callable[[], None],
    silver_read: ReadFiles,
) -> StreamingQuery:
    """Starts `ingest`; its batches pass the guard. See `Source` for `confirm_source`, `Ingest` for
    `silver_read`.
    """
    log = OffsetLog(files, INGEST, manifest.starting_offsets)
    lookup = TopicLookup(spark, settings.bootstrap_servers, settings.topic, settings.isolation_level)
    source = Source(confirm_source, lookup, accepts_loss=not settings.fail_on_data_loss)
    pipeline = settings.pipeline
    records = bronze(read_topic(spark, settings, manifest))
    parsed = Parser(pipeline).parse(records)
    with_lines, without = (
        ResolvedPlan(records, rows_of(pipeline, parsed, has_lines)) for has_lines in (True, False)
    )
    # Small batches have lines.
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


def read_topic(spark: SparkSession, settings: Settings, manifest: SourceManifest) -> DataFrame:
    """The topic as a stream of records as Spark's source gives them, with headers."""
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
