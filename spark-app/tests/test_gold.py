"""Gold compared with Spark: the same silver files, read by the job's query and by an ordinary query
with Spark's own sink.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from medallion import gold_query
from medallion.gold import gold
from medallion.silver import silver_schema
from tests.gold_stream import PIPELINE, TABLE, Event, GoldStream, put_silver, rows_of
from tests.parsing import EVERYTHING


class PlainStream:
    """The ordinary query: Spark's own aggregation and Spark's own file sink."""

    def __init__(self, spark: SparkSession, root: Path, slide: str) -> None:
        self._spark, self._root, self._slide = spark, root, slide

    def run(self) -> None:
        windows = (
            self._spark.readStream.schema(silver_schema(PIPELINE))
            .option("maxFilesPerTrigger", 1)
            .parquet(str(self._root / "silver"))
            .withWatermark("event_time", "5 minutes")
            .groupBy("card_id", F.window("event_time", "1 minute", self._slide).alias("w"))
            .agg(
                F.count("*").alias("count"),
                F.sum("amount").alias("sum"),
                F.avg("amount").alias("avg"),
                F.max("amount").alias("max"),
            )
        )
        query = (
            windows.select("card_id", "w.start", "w.end", "count", "sum", "avg", "max")
            .writeStream.format("parquet")
            .option("path", str(self._root / "plain"))
            .option("checkpointLocation", str(self._root / "plain-checkpoint"))
            .trigger(processingTime="0 seconds")
            .start()
        )
        try:
            query.processAllAvailable()
        finally:
            query.stop()

    def rows(self) -> list[tuple[object, ...]]:
        return list(rows_of(self._spark, self._root / "plain"))

    def drop_last_commit(self) -> None:
        commits = self._root / "plain-checkpoint/commits"
        last = max(int(path.name) for path in commits.iterdir() if path.name.isdigit())
        for name in (str(last), f".{last}.crc"):
            (commits / name).unlink(missing_ok=True)


def around(frontier_s: int, dice: random.Random) -> Event:
    """An event near the newest one so far, or at the edge of being late."""
    edge = frontier_s - 300 - frontier_s % 60
    second = dice.choice([frontier_s, frontier_s + dice.randrange(40), edge + dice.choice([-61, -1, 0, 59])])
    at = max(second, 0)
    micros = dice.choice(["", ".000001", ".999999"])
    time = f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}{micros}"
    return dice.choice("abc"), time, f"{dice.randrange(1, 10_000)}.{dice.randrange(100):02d}"


@pytest.mark.parametrize(("slide_ms", "slide"), [(60_000, "1 minute"), (30_000, "30 seconds")])
def test_gold_has_the_windows_of_an_ordinary_query(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slide_ms: int, slide: str
) -> None:
    # One file per batch for both queries, since lateness depends on the batches.
    monkeypatch.setitem(gold_query._SILVER_OPTIONS, "maxFilesPerTrigger", "1")
    ours = GoldStream(spark, tmp_path, replace(TABLE, slide_ms=slide_ms))
    plain = PlainStream(spark, tmp_path, slide)
    dice, late = random.Random(slide_ms), 0
    batch_id, frontier_s = 0, 600

    def files(count: int) -> None:
        nonlocal batch_id, frontier_s
        for _ in range(count):
            events = [around(frontier_s, dice) for _ in range(12)]
            put_silver(spark, tmp_path, batch_id, events)
            batch_id, frontier_s = batch_id + 1, frontier_s + dice.randrange(90)

    def both() -> None:
        nonlocal late
        ours.run()
        assert ours.query is not None
        late += sum(
            state["numRowsDroppedByWatermark"]
            for progress in ours.query.recentProgress
            for state in progress["stateOperators"]
        )
        plain.run()
        assert ours.rows() == plain.rows()

    steps: list[Callable[[], object]] = [
        lambda: files(3),
        # A trigger without files must emit nothing twice.
        lambda: files(0),
        lambda: files(2),
        # Both queries died after committing their files and before the commit of the batch.
        lambda: (ours.drop_last_commit(), plain.drop_last_commit()),
        # The same, with new files since, as after a restart between silver and gold.
        lambda: (ours.drop_last_commit(), plain.drop_last_commit(), files(2)),
    ]
    for step in steps:
        step()
        both()
    # A replay of `ingest` gives the newest file again, under its name and with another time.
    newest = sorted((tmp_path / "silver").iterdir())[-1]
    newest.write_bytes(newest.read_bytes())
    before = ours.rows()
    ours.run()
    assert ours.rows() == before
    # An event that closes every window.
    put_silver(spark, tmp_path, batch_id, [("z", "23:00:00", "1")])
    both()
    keys = [row[:3] for row in ours.rows()]
    assert len(keys) == len(set(keys)) > 20
    assert late > 0


def test_which_rows_are_late_follows_from_the_watermark_of_the_batch_before(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gold_query._SILVER_OPTIONS, "maxFilesPerTrigger", "1")
    stream = GoldStream(spark, tmp_path)
    put_silver(spark, tmp_path, 0, [("a", "00:00:10", "1"), ("b", "00:06:30", "1")])
    put_silver(spark, tmp_path, 1, [("a", "00:00:20", "2"), ("c", "00:06:40", "1")])
    put_silver(spark, tmp_path, 2, [("a", "00:00:30", "4")])
    stream.run()
    assert stream.rows() == [
        ("a", "2026-01-01 00:00:00", "2026-01-01 00:01:00", "2", "3.00", "1.500000", "2.00")
    ]


def test_a_table_that_is_added_later_counts_all_silver(spark: SparkSession, tmp_path: Path) -> None:
    first, second = GoldStream(spark, tmp_path), GoldStream(spark, tmp_path, replace(TABLE, name="later"))
    for batch_id, minute in enumerate(("00", "10", "20")):
        put_silver(spark, tmp_path, batch_id, [("a", f"00:{minute}:00", "1")])
        first.run()
    second.run()
    assert first.counts() == second.counts() == [("a", "00:00:00", "1"), ("a", "00:10:00", "1")]


def test_only_files_of_the_output_contract_are_read_in_a_folder_of_any_name(
    spark: SparkSession, tmp_path: Path
) -> None:
    root = tmp_path / "out [1] {x} 100%"
    put_silver(spark, root, 0, [("a", "00:00:00", "1"), ("b", "01:00:00", "1")])
    for name in ("notes.txt", "x.parquet", "silver_20260101_000000_0.parquet.new", "_silver_1_1_1.parquet"):
        (root / "silver" / name).write_text("no Parquet")
    stream = GoldStream(spark, root)
    stream.run()
    assert [path.name.split("_")[-1] for path in (root / "gold").iterdir()] == ["1.parquet"]


def test_silver_that_is_older_than_any_other_is_read_too(spark: SparkSession, tmp_path: Path) -> None:
    stream = GoldStream(spark, tmp_path)
    put_silver(spark, tmp_path, 0, [("a", "00:00:00", "1")])
    stream.run()
    # The clock was set back by ten years.
    put_silver(spark, tmp_path, 1, [("a", "00:00:01", "1"), ("b", "01:00:00", "1")], -315_000_000)
    stream.run()
    assert stream.counts() == [("a", "00:00:00", "2")]


def test_columns_and_types_are_those_of_the_pipeline(spark: SparkSession) -> None:
    columns = (
        "shop string, gift boolean, channel string, quantity bigint, total decimal(12,3), score double, "
        "due date, placed timestamp, customer struct<credit: decimal(10,2)>, event_time timestamp"
    )
    by_shop = gold(spark.createDataFrame([], columns), EVERYTHING.gold[0], EVERYTHING.watermark_ms)
    assert dict(by_shop.dtypes) == {
        "shop": "string",
        "gift": "boolean",
        "window_start": "timestamp",
        "window_end": "timestamp",
        "orders": "bigint",
        "with_channel": "bigint",
        "units": "bigint",
        "revenue": "decimal(38,3)",
        "mean_total": "decimal(16,7)",
        "mean_score": "double",
        "best_score": "double",
        "first_due": "date",
        "last_placed": "timestamp",
        "first_name": "string",
        "credit": "decimal(20,2)",
    }
    overall = gold(spark.createDataFrame([], columns), EVERYTHING.gold[1], EVERYTHING.watermark_ms)
    assert overall.columns[:2] == ["window_start", "window_end"]
    default = gold(spark.createDataFrame([], silver_schema(PIPELINE)), TABLE, 300_000)
    assert ", ".join(f"{name} {kind}" for name, kind in default.dtypes) == (
        "card_id string, window_start timestamp, window_end timestamp, txn_count bigint, "
        "sum_amount decimal(28,2), avg_amount decimal(22,6), max_amount decimal(18,2)"
    )
