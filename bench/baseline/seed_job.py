"""The job in its common form, for comparison with the product. It is not part of the product.

It has five streaming queries, each of which reads and parses Kafka by itself. Each sink writes one
file per batch with coalesce(1), and names it after the time of writing. With AVAILABLE_NOW=1 the job
drains the topic and ends.
"""

import os
import time
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

KAFKA_BOOTSTRAP = os.getenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
KAFKA_TOPIC = os.getenv("KAFKA_TOPIC", "transactions")
OUTPUT = os.getenv("OUTPUT_PATH", "/opt/spark-output/parquet")
TRIGGER_INTERVAL = os.getenv("TRIGGER_INTERVAL", "30 seconds")
MAX_OFFSETS = os.getenv("MAX_OFFSETS_PER_TRIGGER")
MAX_FILES = int(os.getenv("MAX_FILES_PER_SINK", "48"))
STARTING = os.getenv("STARTING_OFFSETS", "latest")
FAIL = os.getenv("FAIL_ON_DATA_LOSS", "false")
ONCE = os.getenv("AVAILABLE_NOW") == "1"

TEXT, NUMBER = StringType(), DoubleType()
SCHEMA = StructType(
    [
        StructField("txn_id", TEXT),
        StructField("event_ts", TEXT),
        StructField("user_id", TEXT),
        StructField("card_id", TEXT),
        StructField("merchant", TEXT),
        StructField("category", TEXT),
        StructField("amount", NUMBER),
        StructField("currency", TEXT),
        StructField("status", TEXT),
        StructField("city", TEXT),
        StructField("country", TEXT),
        StructField("lat", NUMBER),
        StructField("lon", NUMBER),
    ]
)

spark = (
    SparkSession.builder.appName("TransactionStream")
    .config("spark.ui.showConsoleProgress", "false")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("WARN")


def path(name):
    return f"{OUTPUT}/{name}"


def single_file_stream(df, name, fmt, filename_prefix, header=False):
    final_dir = path(name)
    jvm, conf = spark._jvm, spark._jsc.hadoopConfiguration()
    hadoop_path = jvm.org.apache.hadoop.fs.Path

    def write(batch, batch_id):
        staging = f"{OUTPUT}/_staging/{name}/{batch_id}"
        writer = batch.coalesce(1).write.mode("overwrite")
        if fmt == "csv":
            writer.option("header", header).csv(staging)
        else:
            writer.parquet(staging)
        fs = hadoop_path(final_dir).getFileSystem(conf)
        fs.mkdirs(hadoop_path(final_dir))
        for status in fs.listStatus(hadoop_path(staging)):
            if status.getPath().getName().startswith("part-"):
                target = f"{final_dir}/{filename_prefix}_{datetime.now():%Y%m%d_%H%M%S}_{batch_id}.{fmt}"
                fs.rename(status.getPath(), hadoop_path(target))
        fs.delete(hadoop_path(staging), True)
        files = sorted(
            [status.getPath() for status in fs.listStatus(hadoop_path(final_dir))],
            key=lambda file: file.getName(),
        )
        for file in files[:-MAX_FILES]:
            fs.delete(file, False)

    stream = (
        df.writeStream.queryName(name).foreachBatch(write).option("checkpointLocation", path(f"_chk/{name}"))
    )
    if ONCE:
        return stream.trigger(availableNow=True).start()
    return stream.trigger(processingTime=TRIGGER_INTERVAL).start()


reader = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", KAFKA_BOOTSTRAP)
    .option("subscribe", KAFKA_TOPIC)
    .option("startingOffsets", STARTING)
    .option("failOnDataLoss", FAIL)
)
if MAX_OFFSETS:
    reader = reader.option("maxOffsetsPerTrigger", MAX_OFFSETS)
kafka = reader.load()

bronze = kafka.selectExpr(
    "CAST(key AS STRING) AS key",
    "CAST(value AS STRING) AS value",
    "timestamp AS kafka_ts",
    "topic",
    "partition",
    "offset",
)
raw = kafka.selectExpr("CAST(value AS STRING) AS json_str", "timestamp AS kafka_ts")
parsed = raw.select(
    F.from_json(F.col("json_str"), SCHEMA).alias("data"), F.col("json_str"), F.col("kafka_ts")
)
valid = (
    parsed.where(F.col("data").isNotNull())
    .select("data.*", "kafka_ts", "json_str")
    .where(F.col("txn_id").isNotNull() & F.col("event_ts").isNotNull())
)
invalid = parsed.where(
    F.col("data").isNull() | F.col("data.txn_id").isNull() | F.col("data.event_ts").isNull()
).select(F.col("json_str").alias("bad_json"), F.col("kafka_ts").alias("bad_ingest_ts"))
spaced = F.regexp_replace(F.col("event_ts"), "T", " ")
silver = valid.withColumn(
    "event_time",
    F.coalesce(
        F.to_timestamp(F.col("event_ts")),
        F.to_timestamp(
            F.regexp_replace(spaced, r"([+-]\d{2}):(\d{2})$", r"\1\2"), "yyyy-MM-dd HH:mm:ss.SSSSSSXXX"
        ),
        F.to_timestamp(spaced, "yyyy-MM-dd HH:mm:ss.SSSSSS"),
    ),
).drop("event_ts")
gold = (
    silver.withWatermark("event_time", "5 minutes")
    .groupBy(F.window(F.col("event_time"), "1 minute").alias("w"), F.col("card_id"))
    .agg(
        F.count("*").alias("txn_count"),
        F.sum("amount").alias("sum_amount"),
        F.avg("amount").alias("avg_amount"),
        F.max("amount").alias("max_amount"),
    )
    .select(
        "card_id",
        F.col("w.start").alias("window_start"),
        F.col("w.end").alias("window_end"),
        "txn_count",
        "sum_amount",
        "avg_amount",
        "max_amount",
    )
)
payload = silver.select(
    "txn_id",
    "event_time",
    "user_id",
    "card_id",
    "merchant",
    "category",
    "amount",
    "currency",
    "status",
    "city",
    "country",
    "lat",
    "lon",
)

started = time.time()
queries = [
    single_file_stream(bronze, "bronze", "parquet", "bronze"),
    single_file_stream(invalid, "quarantine", "parquet", "quarantine"),
    single_file_stream(silver, "silver", "parquet", "silver"),
    single_file_stream(gold, "gold", "parquet", "gold"),
    single_file_stream(payload, "raw_csv", "csv", "raw", header=True),
]
if ONCE:
    for query in queries:
        query.awaitTermination()
    print(f"BENCH seed seconds={time.time() - started:.2f}", flush=True)
else:
    spark.streams.awaitAnyTermination()
