from __future__ import annotations

from typing import Any

import pytest

from medallion.shutdown_guard import BatchCounts, BatchRefusedError, ShutdownGuard
from medallion.sinks.naming import RAW_CSV, SILVER, batch_of, file_name, gold_sink

BATCH: Any = None


def test_a_batch_that_begins_while_stopping_writes_nothing() -> None:
    guard, written = ShutdownGuard(), []

    def write(_: Any, batch_id: int) -> BatchCounts:
        written.append(batch_id)
        return BatchCounts({"bronze": 1})

    guarded = guard.wrap(write)
    guarded(BATCH, 0)
    guard.stop()
    with pytest.raises(BatchRefusedError, match="batch 1 began"):
        guarded(BATCH, 1)
    assert written == [0]
    assert guard.has_refused
    assert guard.failure is None


def test_a_failing_batch_is_remembered_and_raised() -> None:
    guard, failure = ShutdownGuard(), OSError("disk full")

    def write(_: Any, __: int) -> BatchCounts:
        raise failure

    with pytest.raises(OSError, match="disk full"):
        guard.wrap(write)(BATCH, 0)
    assert guard.failure is failure


def test_names_come_from_the_batch_in_utc() -> None:
    assert file_name(SILVER, 1767225599999, 12) == "silver_20251231_235959_12.parquet"
    assert file_name(RAW_CSV, 1767225600000, 0) == "raw_20260101_000000_0.csv"


def test_only_names_of_the_sink_are_its_files() -> None:
    assert batch_of(SILVER, "silver_20260101_000000_12.parquet") == 12
    others = (
        "gold_20260101_000000_12.parquet",
        "silver_1_2.parquet",
        "silver_20260101_000000_12.parquet.crc",
    )
    assert [batch_of(SILVER, name) for name in others] == [None, None, None]
    assert batch_of(gold_sink("gold"), "gold_20260101_000000_0.parquet\n") is None
