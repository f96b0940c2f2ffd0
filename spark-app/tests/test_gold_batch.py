from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from medallion.gold_batch import GoldBatch, windows
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import Batch, OffsetLog
from tests.outputs import BATCH_TIME_MS, batch, plan_batch, published

# Two looks at every record, the second in six ways for the few that need one.
PARSERS = 7


def event(card: str, time: str, amount: str) -> str:
    return f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T{time}Z","amount":{amount}}}'


def test_a_filter_on_parsed_columns_parses_nothing_again(spark: SparkSession) -> None:
    records = batch(spark, ["x"]).repartition(1).withColumn("value", F.concat("value", F.lit("")))
    plan = windows(records)._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("from_json(") == PARSERS


class FileSourceLog(OffsetLog):
    """Stands in for Kafka's offsets: these batches come from files, whose entries have no partitions."""

    def read(self, batch_id: int) -> Batch:
        return Batch(batch_id, BATCH_TIME_MS, {"0": batch_id})


def stream(spark: SparkSession, root: Path, inputs: list[list[str]]) -> GoldBatch:
    """Runs the query over one JSON file per micro-batch, as a real stream with state and a checkpoint."""
    source = root / "in"
    source.mkdir(parents=True, exist_ok=True)
    for number, values in enumerate(inputs):
        lines = [json.dumps({"value": value, "offset": index}) for index, value in enumerate(values)]
        (source / f"{number}.json").write_text("\n".join(lines))
    records = (
        spark.readStream.schema("value string, offset bigint")
        .option("maxFilesPerTrigger", 1)
        .json(str(source))
        .selectExpr(
            "'k' as key",
            "value",
            "current_timestamp() as kafka_ts",
            "'t' as topic",
            "0 as partition",
            "offset",
        )
    )
    files = HadoopFiles(spark, str(root / "out"))
    gold = GoldBatch(files, FileSourceLog(files, "gold"), 0)

    def write(closed: object, batch_id: int) -> None:
        gold.write(closed, batch_id)  # type: ignore[arg-type]

    query = (
        windows(records)
        .writeStream.foreachBatch(write)
        .option("checkpointLocation", files.uri("_chk/gold"))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    return gold


def rows(spark: SparkSession, root: Path) -> list[Row]:
    names = ["card_id", "minute", "txn_count", "sum_amount", "avg_amount", "max_amount"]
    gold = spark.read.parquet(str(root / "out/gold")).withColumn(
        "minute", F.date_format("window_start", "HH:mm")
    )
    return sorted(gold.select(*names).collect())


def test_a_window_is_emitted_once_the_watermark_has_passed_its_end(
    spark: SparkSession, tmp_path: Path
) -> None:
    first = [
        event("a", "00:00:10", "0.1"),
        event("a", "00:00:59.999999", "0.2"),
        event("b", "00:01:00", "5"),
        "x",
    ]
    # Watermark 00:06:30 − 5 min = 00:01:30: minute 00:00 is over, 00:01 is not.
    second = [event("c", "00:06:30", "1"), event("a", "00:00:30", "0.10")]
    stream(spark, tmp_path, [first, second])
    emitted = [
        Row("a", "00:00", 3, Decimal("0.40"), Decimal("0.133333"), Decimal("0.20")),
    ]
    assert [tuple(row) for row in rows(spark, tmp_path)] == [tuple(row) for row in emitted]


def test_a_batch_that_closes_no_window_makes_no_file(spark: SparkSession, tmp_path: Path) -> None:
    stream(spark, tmp_path, [[event("a", "00:00:10", "1")]])
    assert published(tmp_path / "out") == []


def test_gold_has_the_types_of_the_contract(spark: SparkSession, tmp_path: Path) -> None:
    plan_batch(tmp_path, "gold", 0, {"0": 1})
    columns = windows(batch(spark, [event("a", "00:00:10", "9.99")]))
    files = HadoopFiles(spark, str(tmp_path))
    GoldBatch(files, OffsetLog(files, "gold"), 0).write(columns, 0)
    assert published(tmp_path) == ["gold/gold_20260101_000000_0.parquet"]
    assert dict(spark.read.parquet(str(tmp_path / "gold")).dtypes) == {
        "card_id": "string",
        "window_start": "timestamp",
        "window_end": "timestamp",
        "txn_count": "bigint",
        "sum_amount": "decimal(28,2)",
        "avg_amount": "decimal(22,6)",
        "max_amount": "decimal(18,2)",
    }


def test_only_silver_rows_count(spark: SparkSession) -> None:
    values = [
        event("a", "00:00:10", "1"),
        event("a", "00:00:11", "1.005"),
        event("a", "00:00:12", '"1"'),
        "x",
    ]
    wrong_type = event("a", "00:00:13", "1")[:-1] + ',"lat":"x"}'
    [row] = windows(batch(spark, [*values, wrong_type])).collect()
    assert (row.txn_count, row.sum_amount) == (1, Decimal("1.00"))
    assert datetime.fromtimestamp(row.window_start.timestamp(), timezone.utc).minute == 0
