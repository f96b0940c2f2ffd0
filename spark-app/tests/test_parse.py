"""Every golden event (TypeScript reads them too) lands where, and with the values, it states."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from medallion.parse import REASONS, classify

FIXTURE = Path(__file__).parents[2] / "data" / "fixtures" / "golden-events.jsonl"
EVENTS: list[dict[str, Any]] = [json.loads(line) for line in FIXTURE.read_text("utf-8").splitlines()]


def records(spark: SparkSession, values: list[Any]) -> DataFrame:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    rows = [(value, now, "t", 0, offset) for offset, value in enumerate(values)]
    schema = "value string, kafka_ts timestamp, topic string, partition int, offset bigint"
    return spark.createDataFrame(rows, schema).repartition(2)


def judged(spark: SparkSession) -> dict[int, Row]:
    rows = classify(records(spark, [event["value"] for event in EVENTS])).selectExpr(
        "*", "date_format(event_time, \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'\") as event_time_text"
    )
    # As text: Python's own datetime would bring the machine's time zone in.
    return {row.offset: row for row in rows.drop("event_time", "kafka_ts").collect()}


@pytest.fixture(scope="module")
def results(spark: SparkSession) -> dict[int, Row]:
    return judged(spark)


@pytest.mark.parametrize("index", range(len(EVENTS)), ids=[event["name"] for event in EVENTS])
def test_golden_event(results: dict[int, Row], index: int) -> None:
    event, row = EVENTS[index], results[index]
    assert row.reason == event["reason"]
    if event["expect"] == "silver":
        expected = dict(event["silver"])
        actual = {name: row[name] for name in expected if name not in ("amount", "event_time")}
        actual["amount"] = None if row.amount is None else f"{Decimal(row.amount):.2f}"
        actual["event_time"] = row.event_time_text
        assert actual == expected


def test_the_fixture_has_every_reason() -> None:
    assert {event["reason"] for event in EVENTS} - {None} == set(REASONS)


def test_every_record_is_judged_once(results: dict[int, Row]) -> None:
    assert sorted(results) == list(range(len(EVENTS)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("spark.sql.ansi.enabled", "true"), ("spark.sql.session.timeZone", "Asia/Tokyo")],
    ids=["ANSI mode", "another session time zone"],
)
def test_reasons_do_not_depend_on_the_session(
    spark: SparkSession, results: dict[int, Row], name: str, value: str
) -> None:
    before = spark.conf.get(name, "false")
    spark.conf.set(name, value)
    try:
        rows = classify(records(spark, [event["value"] for event in EVENTS])).selectExpr(
            "offset", "reason", "amount", "unix_micros(event_time) as micros"
        )
        actual = {row.offset: (row.reason, row.amount, row.micros) for row in rows.collect()}
    finally:
        spark.conf.set(name, before)
    rows = classify(records(spark, [event["value"] for event in EVENTS])).selectExpr(
        "offset", "reason", "amount", "unix_micros(event_time) as micros"
    )
    assert actual == {row.offset: (row.reason, row.amount, row.micros) for row in rows.collect()}
