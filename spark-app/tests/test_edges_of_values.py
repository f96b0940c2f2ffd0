"""Silver, gold and raw_csv at the edges of what a value can be: far times, large amounts, hard texts."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from medallion.gold_state import GoldStates
from medallion.hadoop_files import HadoopFiles
from medallion.medallion_batch import MedallionBatch
from medallion.offset_log import OffsetLog
from tests.outputs import SOURCE, batch, plan_batch

LARGEST = "9999999999999999.99"
TIMES = {
    "-0001": ("0000-01-01T00:00:30+18:00", "-0001-12-31T06:00:30.000000Z"),
    "0000": ("0000-02-29T00:00:30Z", "0000-02-29T00:00:30.000000Z"),
    "1582": ("1582-10-10T00:00:30Z", "1582-10-10T00:00:30.000000Z"),
    "9999": ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    "10000": ("9999-12-31T23:59:30-18:00", "+10000-01-01T17:59:30.000000Z"),
}
TEXTS = [
    *('a "b", c', "line\nfeed", "carriage\rreturn", "both\r\nof them", " blanks ", "#", "\u2028", "\0"),
    *("\\", '\\"', '"', "", "x" * 1_000_000),
]


def event(card: str, time: str, amount: str = "1", **more: str) -> str:
    fields = json.dumps({"txn_id": "t", "card_id": card, "event_ts": time, **more})
    return f'{fields[:-1]},"amount":{amount}}}'


def run(spark: SparkSession, root: Path, *batches: list[str]) -> None:
    files = HadoopFiles(spark, str(root))
    log, states = OffsetLog(files, "medallion", {"0": 0}), GoldStates(files, 100)
    start = 0
    for batch_id, values in enumerate(batches):
        plan_batch(root, "medallion", batch_id, {"0": start + len(values)})
        MedallionBatch(files, log, states, SOURCE, 0).write(batch(spark, values, start), batch_id)
        start += len(values)


def csv_rows(root: Path) -> list[dict[str, str]]:
    (path,) = (root / "raw_csv").glob("*.csv")
    csv.field_size_limit(2_000_000)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gold(spark: SparkSession, root: Path) -> list[Any]:
    instant = [
        F.date_format(name, "yyyy-MM-dd'T'HH:mm").alias(name) for name in ("window_start", "window_end")
    ]
    columns = ("txn_count", "sum_amount", "avg_amount", "max_amount")
    rows = spark.read.parquet(str(root / "gold")).select("card_id", *instant, *columns).collect()
    return sorted(tuple(row) for row in rows)


def test_far_times_are_kept_in_silver_and_raw_csv(spark: SparkSession, tmp_path: Path) -> None:
    run(spark, tmp_path, [event(card, time) for card, (time, _) in TIMES.items()])
    expected = {card: text for card, (_, text) in TIMES.items()}
    assert {row["card_id"]: row["event_time"] for row in csv_rows(tmp_path)} == expected


def test_windows_of_far_times_are_whole_minutes(spark: SparkSession, tmp_path: Path) -> None:
    run(
        spark,
        tmp_path,
        [event(card, time) for card, (time, _) in TIMES.items()],
        [event("x", TIMES["10000"][0])],
    )
    assert [(card, start, end) for card, start, end, *_ in gold(spark, tmp_path)] == [
        ("-0001", "-0001-12-31T06:00", "-0001-12-31T06:01"),
        ("0000", "0000-02-29T00:00", "0000-02-29T00:01"),
        ("1582", "1582-10-10T00:00", "1582-10-10T00:01"),
        ("9999", "9999-12-31T23:59", "+10000-01-01T00:00"),
    ]


def test_a_far_event_makes_all_that_follow_late_for_gold(spark: SparkSession, tmp_path: Path) -> None:
    run(
        spark,
        tmp_path,
        [event("a", "2026-01-01T00:00:00Z"), event("far", "9999-12-31T23:59:59Z")],
        [event("b", "2026-01-01T00:00:00Z")],
    )
    assert [card for card, *_ in gold(spark, tmp_path)] == ["a"]
    assert spark.read.parquet(str(tmp_path / "silver")).count() == 3


def test_sums_of_the_largest_amounts_are_exact(spark: SparkSession, tmp_path: Path) -> None:
    largest = [event("a", "2026-01-01T00:00:00Z", LARGEST)] * 50
    smallest = [event("b", "2026-01-01T00:00:00Z", f"-{LARGEST}")] * 50
    run(spark, tmp_path, largest + smallest, largest, [event("c", "2026-01-02T00:00:00Z")])
    value = Decimal(LARGEST)
    minute = ("2026-01-01T00:00", "2026-01-01T00:01")
    assert gold(spark, tmp_path) == [
        ("a", *minute, 100, 100 * value, value, value),
        ("b", *minute, 50, -50 * value, -value, -value),
    ]


@pytest.mark.parametrize("field", ["txn_id", "merchant"])
def test_raw_csv_gives_every_text_back(spark: SparkSession, tmp_path: Path, field: str) -> None:
    run(spark, tmp_path, [event("c", "2026-01-01T00:00:00Z", **{field: text}) for text in TEXTS])
    assert sorted(row[field] for row in csv_rows(tmp_path)) == sorted(TEXTS)
