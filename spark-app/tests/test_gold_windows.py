"""Gold through whole micro-batches: windows are closed by the watermark, once, whatever is replayed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from medallion.gold_state import GoldStates, StagedState
from medallion.gold_windows import next_watermark
from medallion.hadoop_files import HadoopFiles
from medallion.medallion_batch import MedallionBatch
from medallion.offset_log import OffsetLog
from tests.outputs import SOURCE, batch, plan_batch, published

Gold = list[tuple[str, str, int, Decimal, Decimal, Decimal]]


def event(card: str, time: str, amount: str) -> str:
    return f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T{time}Z","amount":{amount}}}'


class Stream:
    """Micro-batches one after the other, as the query would run them."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self._spark, self._root = spark, root
        files = HadoopFiles(spark, str(root))
        self._batch = MedallionBatch(
            files, OffsetLog(files, "medallion", {"0": 0}), GoldStates(files, 100), SOURCE, 0
        )
        self._ends = {-1: 0}

    def run(self, batch_id: int, *values: str) -> dict[str, int]:
        start = self._ends[batch_id - 1]
        self._ends[batch_id] = start + len(values)
        plan_batch(self._root, "medallion", batch_id, {"0": self._ends[batch_id]})
        return self._batch.write(batch(self._spark, list(values), start), batch_id)

    def gold(self) -> Gold:
        if not (self._root / "gold").exists():
            return []
        rows = self._spark.read.parquet(str(self._root / "gold")).select(
            "card_id",
            F.date_format("window_start", "HH:mm").alias("minute"),
            *("txn_count", "sum_amount", "avg_amount", "max_amount"),
        )
        return sorted(tuple(row) for row in rows.collect())


@pytest.fixture
def stream(spark: SparkSession, tmp_path: Path) -> Stream:
    return Stream(spark, tmp_path)


def test_a_window_is_emitted_by_the_batch_that_closes_it(stream: Stream) -> None:
    first = stream.run(
        0,
        event("a", "00:00:10", "0.1"),
        event("a", "00:00:59.999999", "0.2"),
        event("b", "00:01:00", "5"),
        "x",
    )
    assert first["gold"] == 0
    # Watermark 00:06:30 - 5 min = 00:01:30: minute 00:00 is over, 00:01 is not.
    second = stream.run(1, event("c", "00:06:30", "1"), event("a", "00:00:30", "0.10"))
    assert second["gold"] == 1
    assert stream.gold() == [("a", "00:00", 3, Decimal("0.40"), Decimal("0.133333"), Decimal("0.20"))]


def test_a_row_of_a_closed_window_is_dropped_and_one_of_an_open_window_is_not(stream: Stream) -> None:
    stream.run(0, event("a", "00:00:10", "1"), event("b", "00:06:00", "1"))
    stream.run(1, event("a", "00:00:20", "9"), event("a", "00:01:00", "2"))
    stream.run(2, event("b", "00:07:00", "1"))
    assert stream.gold() == [
        ("a", "00:00", 1, Decimal("1.00"), Decimal("1.000000"), Decimal("1.00")),
        ("a", "00:01", 1, Decimal("2.00"), Decimal("2.000000"), Decimal("2.00")),
    ]


def test_a_replayed_batch_begins_with_the_windows_it_began_with(stream: Stream) -> None:
    stream.run(0, event("a", "00:00:10", "1"))
    late = (event("a", "00:00:20", "2"), event("b", "00:30:00", "1"))
    stream.run(1, *late)
    before = stream.gold()
    stream.run(1, *late)
    assert stream.gold() == before
    stream.run(2, event("b", "00:40:00", "1"))
    assert [(card, minute, count) for card, minute, count, *_ in stream.gold()] == [
        ("a", "00:00", 2),
        ("b", "00:30", 1),
    ]


def test_a_batch_without_silver_rows_keeps_the_windows_open(stream: Stream) -> None:
    stream.run(0, event("a", "00:00:10", "1"))
    stream.run(1, "x")
    stream.run(2)
    stream.run(3, event("a", "00:10:00", "1"))
    assert [(card, minute, count) for card, minute, count, *_ in stream.gold()] == [("a", "00:00", 1)]


def test_a_batch_that_closes_no_window_makes_no_file(stream: Stream, tmp_path: Path) -> None:
    stream.run(0, event("a", "00:00:10", "1"))
    assert not any(name.startswith("gold/") for name in published(tmp_path))


def test_lost_windows_stop_the_batch(stream: Stream, tmp_path: Path) -> None:
    stream.run(0, event("a", "00:00:10", "1"))
    (tmp_path / "_chk/gold/0.json").unlink()
    with pytest.raises(OSError, match="open windows are lost"):
        stream.run(1, event("a", "00:10:00", "1"))


def test_states_of_old_batches_go(stream: Stream, spark: SparkSession, tmp_path: Path) -> None:
    states = GoldStates(HadoopFiles(spark, str(tmp_path)), 20)
    stream.run(0, event("a", "00:00:10", "1"))
    for batch_id in range(1, 30):
        states.keep(batch_id, states.carried(batch_id, "staged"))
    names = [path.name for path in (tmp_path / "_chk/gold").iterdir()]
    assert sorted(names) == sorted(
        [f"{n}.json" for n in range(10, 30)] + [f"{n}.parquet" for n in range(20, 30)]
    )


def test_gold_has_the_types_of_the_contract(stream: Stream, spark: SparkSession, tmp_path: Path) -> None:
    stream.run(0, event("a", "00:00:10", "9.99"), event("a", "01:00:00", "1"))
    assert dict(spark.read.parquet(str(tmp_path / "gold")).dtypes) == {
        "card_id": "string",
        "window_start": "timestamp",
        "window_end": "timestamp",
        "txn_count": "bigint",
        "sum_amount": "decimal(28,2)",
        "avg_amount": "decimal(22,6)",
        "max_amount": "decimal(18,2)",
    }


def test_windows_before_1970_begin_at_whole_minutes(stream: Stream) -> None:
    old = event("a", "00:00:10", "1").replace("2026-01-01T00:00:10", "1969-12-31T23:58:30")
    stream.run(0, old, event("a", "00:00:00", "1"))
    assert [(card, minute) for card, minute, *_ in stream.gold()] == [("a", "23:58")]


def test_only_silver_rows_count(stream: Stream) -> None:
    wrong_type = event("a", "00:00:13", "1")[:-1] + ',"lat":"x"}'
    rejects = [event("a", "00:00:11", "1.005"), event("a", "00:00:12", '"1"'), "x", wrong_type]
    stream.run(0, event("a", "00:00:10", "1"), *rejects, event("b", "01:00:00", "1"))
    assert [(card, count) for card, _, count, *_ in stream.gold()] == [("a", 1)]


def test_a_watermark_never_falls() -> None:
    assert next_watermark(None, 600_000_999) == 300_000
    assert next_watermark(300_000, 600_001_000) == 300_001
    assert next_watermark(300_000, 0) == 300_000


def test_states_that_are_too_old_go_also_when_fewer_are_kept_than_before(
    spark: SparkSession, tmp_path: Path
) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    many, few = GoldStates(files, 200), GoldStates(files, 100)
    for batch_id in range(150):
        many.keep(batch_id, StagedState(None, "", 0))
    few.keep(150, StagedState(None, "", 0))
    left = sorted(int(path.stem) for path in (tmp_path / "_chk/gold").glob("*.json"))
    assert left == list(range(51, 151))
