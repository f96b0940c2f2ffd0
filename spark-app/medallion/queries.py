"""The two streaming queries over one topic. Both start from the same recorded offsets."""

from __future__ import annotations

import json

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from medallion.config import Settings
from medallion.gate import BatchGate
from medallion.gold_batch import GoldBatch, windows
from medallion.hadoop_files import HadoopFiles
from medallion.medallion_batch import MedallionBatch
from medallion.offset_log import OffsetLog
from medallion.source_record import SourceRecord


def start_queries(
    spark: SparkSession, settings: Settings, files: HadoopFiles, record: SourceRecord, gate: BatchGate
) -> list[StreamingQuery]:
    """Starts `medallion` and `gold`; their batches pass the gate."""
    records = read_topic(spark, settings, record)
    medallion = MedallionBatch(
        files, OffsetLog(files, "medallion"), settings.max_files_per_sink, settings.show_previews
    )
    gold = GoldBatch(files, OffsetLog(files, "gold"), settings.max_files_per_sink, settings.show_previews)
    batches = {"medallion": (records, medallion.write), "gold": (windows(records), gold.write)}
    return [
        frame.writeStream.queryName(name)
        .foreachBatch(gate.guard(name, write))
        .option("checkpointLocation", files.uri(OffsetLog(files, name).checkpoint))
        .outputMode("append")
        .trigger(processingTime=settings.trigger_interval)
        .start()
        for name, (frame, write) in batches.items()
    ]


def read_topic(spark: SparkSession, settings: Settings, record: SourceRecord) -> DataFrame:
    """The topic as a stream of bronze columns, every record as it came."""
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.bootstrap_servers)
        .option("subscribe", settings.topic)
        .option("startingOffsets", json.dumps({settings.topic: record.starting_offsets}))
        .option("failOnDataLoss", str(settings.fail_on_data_loss).lower())
    )
    if settings.max_offsets_per_trigger is not None:
        reader = reader.option("maxOffsetsPerTrigger", settings.max_offsets_per_trigger)
    return reader.load().select(
        F.col("key").cast("string").alias("key"),
        F.col("value").cast("string").alias("value"),
        F.col("timestamp").alias("kafka_ts"),
        "topic",
        "partition",
        "offset",
    )
