"""Silver and raw_csv at the edges of what a value can be: far times, large amounts, hard texts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from tests.outputs import SOURCE, batch, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS

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
    log = OffsetLog(files, "ingest", {"0": 0})
    start = 0
    for batch_id, values in enumerate(batches):
        plan_batch(root, "ingest", batch_id, {"0": start + len(values)})
        Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0).write(batch(spark, values, start), batch_id)
        start += len(values)


def csv_rows(root: Path) -> list[dict[str, str]]:
    (path,) = (root / "raw_csv").glob("*.csv")
    csv.field_size_limit(2_000_000)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_far_times_are_kept_in_silver_and_raw_csv(spark: SparkSession, tmp_path: Path) -> None:
    run(spark, tmp_path, [event(card, time) for card, (time, _) in TIMES.items()])
    expected = {card: text for card, (_, text) in TIMES.items()}
    assert {row["card_id"]: row["event_time"] for row in csv_rows(tmp_path)} == expected


@pytest.mark.parametrize("field", ["txn_id", "merchant"])
def test_raw_csv_gives_every_text_back(spark: SparkSession, tmp_path: Path, field: str) -> None:
    run(spark, tmp_path, [event("c", "2026-01-01T00:00:00Z", **{field: text}) for text in TEXTS])
    assert sorted(row[field] for row in csv_rows(tmp_path)) == sorted(TEXTS)
