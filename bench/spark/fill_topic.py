"""Fills a topic: the same records in the same order in every run, as fast as Spark can make them.

`fill_topic.py POOL RECORDS PARTITIONS`: POOL has lines of partition, row, key and the end of a
record's JSON (as a JSON text), separated by tabs. The program adds ids and event times in front. Each
task fills one partition, so that its event times rise, over an hour. One record in a hundred cannot
become a silver row.
"""

from __future__ import annotations

import os
import sys

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

#: 2026-01-01T00:00:00Z; the records' event times cover the hour after it.
FIRST_EVENT_MS = 1_767_225_600_000
HOUR_MS = 3_600_000


def value_of(number: Column, event_ms: Column, rest: Column) -> Column:
    """A record's value; `rest` begins with the comma after event_ts."""
    digest = F.md5(number.cast("string"))
    parts = [F.substring(digest, at, length) for at, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
    txn_id = F.concat_ws("-", *parts)
    event_ts = F.date_format(F.timestamp_millis(event_ms), "yyyy-MM-dd'T'HH:mm:ss.SSS'+00:00'")
    good = F.concat(F.lit('{"txn_id":"'), txn_id, F.lit('","event_ts":"'), event_ts, F.lit('"'), rest)
    bad = [
        F.substring(good, 1, 120),
        F.concat(F.lit("not json "), txn_id),
        F.concat(F.lit('{"event_ts":"'), event_ts, F.lit('"'), rest),
        F.concat(F.lit('{"txn_id":"'), txn_id, F.lit('"'), rest),
    ]
    kind = F.floor(number / 100) % len(bad)
    broken = F.element_at(F.array(*bad), (kind + 1).cast("int"))
    return F.when(number % 100 == 37, broken).otherwise(good)


def main(pool_path: str, records: int, partitions: int) -> None:
    spark = (
        SparkSession.Builder()
        .appName("fill")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.adaptive.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("WARN")
    pool = (
        spark.read.option("sep", "\t")
        .option("quote", "")
        .schema("slot int, row int, key string, rest string")
    )
    # A JSON text by itself is read as the only element of a list.
    text = F.from_json(F.concat(F.lit("["), "rest", F.lit("]")), "array<string>")[0]
    lines = pool.csv(pool_path).withColumn("rest", text)
    rows = lines.groupBy("slot").count().agg(F.min("count")).first()[0]
    each = records // partitions
    numbers = spark.range(0, each * partitions, 1, partitions).select(
        F.col("id").alias("number"),
        F.floor(F.col("id") / each).cast("int").alias("slot"),
        (F.col("id") % each).alias("at"),
    )
    drawn = numbers.withColumn("row", (F.col("at") % rows).cast("int")).join(
        F.broadcast(lines), ["slot", "row"]
    )
    event_ms = (F.lit(FIRST_EVENT_MS) + F.floor(F.col("at") * HOUR_MS / each)).cast("long")
    (
        drawn.select(
            F.col("key"),
            value_of(F.col("number"), event_ms, F.col("rest")).alias("value"),
            F.col("slot").alias("partition"),
        )
        .write.format("kafka")
        .option("kafka.bootstrap.servers", os.environ["KAFKA_BOOTSTRAP_SERVERS"])
        .option("topic", os.environ["KAFKA_TOPIC"])
        .option("kafka.compression.type", "gzip")
        .option("kafka.batch.size", "131072")
        .option("kafka.linger.ms", "20")
        .save()
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
