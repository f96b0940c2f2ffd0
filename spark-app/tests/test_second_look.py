"""Every golden event (TypeScript reads them too) is judged as it states."""

from __future__ import annotations

import pytest
from pyspark.sql import Row, SparkSession

from medallion.second_look import REASONS, second_look
from tests.golden_events import EVENTS, check_silver, records


def judged(spark: SparkSession) -> dict[int, Row]:
    rows = second_look(records(spark, [event["value"] for event in EVENTS])).selectExpr(
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
        check_silver(row, event)


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
        rows = second_look(records(spark, [event["value"] for event in EVENTS])).selectExpr(
            "offset", "reason", "amount", "unix_micros(event_time) as micros"
        )
        actual = {row.offset: (row.reason, row.amount, row.micros) for row in rows.collect()}
    finally:
        spark.conf.set(name, before)
    rows = second_look(records(spark, [event["value"] for event in EVENTS])).selectExpr(
        "offset", "reason", "amount", "unix_micros(event_time) as micros"
    )
    assert actual == {row.offset: (row.reason, row.amount, row.micros) for row in rows.collect()}
