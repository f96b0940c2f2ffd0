"""Valid events of any common form take the fast path; values that the parser would read as
something else do not.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.bronze import bronze
from medallion.parse import Parser
from medallion.pipeline import Pipeline
from tests.parsing import EVERYTHING, TRANSACTIONS, records
from tests.test_parse import ORDER


def event(**changes: Any) -> str:
    fields = {
        "txn_id": "t",
        "event_ts": "2026-01-01T00:00:00Z",
        "user_id": "u",
        "card_id": "c",
        "merchant": "7-Eleven",
        "amount": 1.25,
        "lat": 52.5,
        "lon": -1.5,
    }
    return json.dumps({**fields, **changes}, ensure_ascii=False)


def read_exactly(spark: SparkSession, values: list[Any], pipeline: Pipeline) -> list[Any]:
    """The values that are validated exactly."""
    rows = bronze(records(spark, values))
    for columns in Parser(pipeline)._steps[:3]:
        rows = rows.select(*columns)
    found = {row.offset for row in rows.where("exact is not null").select("offset").collect()}
    return [value for offset, value in enumerate(values) if offset in found]


COMMON = [
    *[
        event(event_ts=time)
        for time in (
            *("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"),
            *("2026-01-01T01:00:00+01:00", "2026-01-01T01:00:00.5+0100", "2026-01-01 00:00:00"),
        )
    ],
    *[event(amount=amount) for amount in (0, 0.0, -3, 1.5, 1234567890123.45, "1.25")],
    event(merchant="Größe & Söhne, 2. Stock", city=None),
    event(merchant='a "quoted" \\ name\n'),
    json.dumps(json.loads(event(merchant="é")), ensure_ascii=True),
    json.dumps(json.loads(event()), separators=(",", ":")),
    json.dumps(json.loads(event()), indent=2) + "\n",
    json.dumps(dict(reversed(json.loads(event()).items()))),
    event(user_id=12345),
    event(note="x", attempts=2, ratio=0.5, online=True, parent=None),
    event(note={"a": [1, {"b": [True, "x"]}]}),
    event(merchant="x" * 1_000_000),
    # Each member is an iteration of the pattern, which must not take a stack frame.
    event(**{f"extra_{number}": number for number in range(20_000)}),
]


def test_common_events_take_the_fast_path(spark: SparkSession) -> None:
    assert read_exactly(spark, COMMON, TRANSACTIONS) == []


def test_events_with_nested_fields_take_the_fast_path(spark: SparkSession) -> None:
    times = {"sent_s": 1767225600.5, "sent_ms": "1767225600123.4567", "birthday": "29.02.2000"}
    orders = [
        json.dumps(ORDER),
        json.dumps({**ORDER, **times}, indent=1),
        json.dumps({**ORDER, "lines": ORDER["lines"] * 2_000}),
        json.dumps({**ORDER, "customer": {**ORDER["customer"], "unknown": {"a": []}}}),
    ]
    assert read_exactly(spark, orders, EVERYTHING) == []


@pytest.mark.parametrize(
    "value",
    [
        "null",
        event() + "x",
        event() + event(),
        "[" + event() + "]",
        event().replace("1.25", "1.005"),
        event().replace("1.25", "12.50000000000000001"),
        event().replace("1.25", "1e400"),
        event().replace("1.25", "NaN"),
        event(event_ts="2026-01-01"),
        event(event_ts=1767225600),
        event(event_ts="2026-01-01T00:00:60Z"),
        event(event_ts=" 2026-01-01T00:00:00Z"),
        event(event_ts="2026-02-30T00:00:00Z"),
        event(lat="52.5"),
        event().replace("52.5", "1e999"),
        event(user_id=True),
        event(user_id=1.5),
        event(user_id=["u"]),
        event(user_id={"id": "u"}),
        event().replace('"u"', "-0"),
        event(card_id=None),
        event().replace("}", ",}"),
        event().replace("{", "{,"),
        event().replace(", ", " "),
        event().replace(", ", "", 1),
        event().replace('"amount"', '"am\\u006funt"'),
        event().replace('"u"', '"\\x"'),
        event().replace('"u"', '"a\x01"'),
    ],
)
def test_what_may_be_read_as_something_else_is_validated_exactly(spark: SparkSession, value: str) -> None:
    assert read_exactly(spark, [value], TRANSACTIONS) == [value]
