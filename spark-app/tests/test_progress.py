"""The lines of a committed batch, from Spark's progress events."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from medallion.progress import BatchLines
from medallion.shutdown_guard import BatchCounts

INGEST = {
    "name": "ingest",
    "batchId": 12,
    "timestamp": "2026-11-26T16:59:59.223Z",
    "numInputRows": 1500,
    "durationMs": {"latestOffset": 5, "addBatch": 700, "walCommit": 90, "triggerExecution": 900},
    "eventTime": {},
    "stateOperators": [],
    "sources": [
        {
            "endOffset": {"t": {"0": 100, "1": 50}},
            "latestOffset": {"t": {"0": 103, "1": 50}},
        }
    ],
}
COUNTS = BatchCounts(
    {"bronze": 5, "quarantine": 2, "silver": 3, "raw_csv": 3}, {"bad_amount": 2}, {"a": 4, "b": 0}
)


def gold(batch_id: int = 3, rows: int = 0, late: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": "gold",
        "batchId": batch_id,
        "timestamp": "2026-11-26T17:00:00.000Z",
        "numInputRows": rows,
        "durationMs": {"addBatch": 300, "triggerExecution": 1123},
        "eventTime": {"watermark": "2026-11-26T16:54:00.000Z"},
        "stateOperators": [
            {"numRowsTotal": 7, "memoryUsedBytes": 2048, "numRowsDroppedByWatermark": late},
        ],
        "sources": [{"endOffset": {"logOffset": 3}, "latestOffset": None}],
        **more,
    }


@pytest.fixture
def lines() -> BatchLines:
    return BatchLines()


def printed(
    lines: BatchLines, capsys: pytest.CaptureFixture[str], progress: dict[str, Any], counts: BatchCounts
) -> list[str]:
    lines.guard_of(progress["name"]).counts[progress["batchId"]] = counts
    lines.onQueryProgress(SimpleNamespace(progress=SimpleNamespace(json=json.dumps(progress))))
    return [line.replace("[spark-streaming] ", "") for line in capsys.readouterr().out.splitlines()]


def test_a_batch_of_ingest_has_a_line_for_people_and_one_of_json(
    lines: BatchLines, capsys: pytest.CaptureFixture[str]
) -> None:
    people, machine, first = printed(lines, capsys, INGEST, COUNTS)
    assert people == (
        "query=ingest batch=12 rows=5 unmet.a=4 bronze=5 quarantine=2 silver=3 raw_csv=3 seconds=0.9"
    )
    assert first == "first data batch committed"
    prefix, document = machine.split(" ", 1)
    assert prefix == "progress"
    assert json.loads(document) == {
        "query": "ingest",
        "batch": 12,
        "at": "2026-11-26T17:00:00.123Z",
        "rows": {"bronze": 5, "quarantine": 2, "silver": 3, "raw_csv": 3},
        "rejected": {"bad_amount": 2},
        "unmet": {"a": 4, "b": 0},
        "ms": {"latestOffset": 5, "addBatch": 700, "walCommit": 90, "total": 900},
        "lag": 3,
    }


def test_the_first_data_are_announced_once(lines: BatchLines, capsys: pytest.CaptureFixture[str]) -> None:
    empty = BatchCounts(dict.fromkeys(COUNTS.rows, 0))
    assert len(printed(lines, capsys, INGEST, empty)) == 2
    assert len(printed(lines, capsys, INGEST, COUNTS)) == 3
    assert len(printed(lines, capsys, INGEST, COUNTS)) == 2


def test_a_batch_of_gold_has_watermark_state_and_late_rows(
    lines: BatchLines, capsys: pytest.CaptureFixture[str]
) -> None:
    people, machine = printed(lines, capsys, gold(rows=9, late=2), BatchCounts({"gold": 4}))
    assert people == ("query=gold batch=3 late=2 watermark=2026-11-26T16:54:00.000Z gold=4 seconds=1.1")
    assert json.loads(machine.split(" ", 1)[1]) == {
        "query": "gold",
        "batch": 3,
        "at": "2026-11-26T17:00:01.123Z",
        "rows": {"gold": 4},
        "late": 2,
        "watermark": "2026-11-26T16:54:00.000Z",
        "state": {"rows": 7, "memory_bytes": 2048},
        "ms": {"addBatch": 300, "total": 1123},
    }


def test_there_is_no_watermark_before_the_first_event(
    lines: BatchLines, capsys: pytest.CaptureFixture[str]
) -> None:
    before = gold(rows=1, eventTime={"watermark": "1970-01-01T00:00:00.000Z"})
    _, machine = printed(lines, capsys, before, BatchCounts({"gold": 0}))
    assert json.loads(machine.split(" ", 1)[1])["watermark"] is None


def test_a_batch_of_gold_without_news_prints_nothing(
    lines: BatchLines, capsys: pytest.CaptureFixture[str]
) -> None:
    none = BatchCounts({"gold": 0})
    assert len(printed(lines, capsys, gold(3, rows=9), none)) == 2
    assert printed(lines, capsys, gold(4), none) == []
    assert len(printed(lines, capsys, gold(5, late=1), none)) == 2
    assert len(printed(lines, capsys, gold(6), BatchCounts({"gold": 1}))) == 2
    later = gold(7, eventTime={"watermark": "2026-11-26T16:55:00.000Z"})
    assert len(printed(lines, capsys, later, none)) == 2
    assert printed(lines, capsys, {**later, "batchId": 8}, none) == []
    smaller = {**later, "batchId": 9, "stateOperators": [{**gold()["stateOperators"][0], "numRowsTotal": 6}]}
    assert len(printed(lines, capsys, smaller, none)) == 2


def test_a_batch_that_did_not_get_to_its_counts_prints_nothing(
    lines: BatchLines, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(lines, capsys, INGEST, COUNTS)
    lines.onQueryProgress(SimpleNamespace(progress=SimpleNamespace(json=json.dumps(INGEST))))
    assert capsys.readouterr().out == ""


def test_a_progress_line_is_also_recorded(lines: BatchLines, capsys: pytest.CaptureFixture[str]) -> None:
    recorded: list[str] = []
    lines.record = recorded.append
    _, machine, _ = printed(lines, capsys, INGEST, COUNTS)
    assert [f"progress {line}" for line in recorded] == [machine]
