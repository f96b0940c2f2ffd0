"""Bronze: every record as it came."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.pipeline import LINEAGE

BRONZE_COLUMNS = ("key", "value", "kafka_ts", *LINEAGE, "headers", "value_bytes")

#: Bronze as Spark's readers take it.
BRONZE_SCHEMA = (
    "key string, value string, kafka_ts timestamp, topic string, partition int, offset bigint, "
    "headers array<struct<key: string, value: binary>>, value_bytes binary"
)


def bronze(records: DataFrame) -> DataFrame:
    """The columns of bronze from those of Kafka's source, read with `includeHeaders`.

    `value_bytes` is there only where `value` is not faithful to the record's bytes.
    """
    # A cast would keep bytes that are no UTF-8, and most readers refuse a Parquet file with such a text.
    texts = records.withColumn("text", F.decode("value", "UTF-8"))
    is_faithful = F.col("text").cast("binary") == F.col("value")
    return texts.select(
        F.decode("key", "UTF-8").alias("key"),
        F.col("text").alias("value"),
        F.col("timestamp").alias("kafka_ts"),
        # Columns of bronze's own: an id that the source gives is another one in each batch of some sources.
        *[F.col(name).alias(name) for name in (*LINEAGE, "headers")],
        F.when(~is_faithful, F.col("value")).alias("value_bytes"),
    )
