"""Bronze: every record as it came."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.pipeline import LINEAGE

BRONZE_COLUMNS = ("key", "value", "kafka_ts", *LINEAGE, "headers", "value_bytes")

#: The schema of bronze, as DDL for Spark's readers.
BRONZE_SCHEMA = (
    "key string, value string, kafka_ts timestamp, topic string, partition int, offset bigint, "
    "headers array<struct<key: string, value: binary>>, value_bytes binary"
)


def bronze(records: DataFrame) -> DataFrame:
    """The columns of bronze from those of Kafka's source, read with `includeHeaders`.

    `value_bytes` is not NULL only where `value` does not represent the record's bytes exactly.
    """
    # A cast would keep bytes that are not UTF-8, and most readers refuse a Parquet file with such a
    # text.
    texts = records.withColumn("text", F.decode("value", "UTF-8"))
    is_faithful = F.col("text").cast("binary") == F.col("value")
    return texts.select(
        F.decode("key", "UTF-8").alias("key"),
        F.col("text").alias("value"),
        F.col("timestamp").alias("kafka_ts"),
        # New columns of bronze: some sources give their columns other ids in each batch.
        *[F.col(name).alias(name) for name in (*LINEAGE, "headers")],
        F.when(~is_faithful, F.col("value")).alias("value_bytes"),
    )
