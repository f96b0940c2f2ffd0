"""The first look may leave a record open, but what it calls plain is a silver row with these values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from medallion.first_look import first_look
from tests.golden_events import EVENTS, check_silver, records

# Without an offset, with every kind of offset, and with a fraction beyond microseconds.
PLAIN_TIMES = (
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01T01:00:00+01:00",
    "2026-01-01T01:00:00.5+0100",
)


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


def looked(spark: SparkSession, values: list[Any]) -> dict[int, Row]:
    rows = first_look(records(spark, values)).selectExpr(
        "*", "date_format(event_time, \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'\") as event_time_text"
    )
    return {row.offset: row for row in rows.drop("event_time", "kafka_ts").collect()}


@pytest.fixture(scope="module")
def golden(spark: SparkSession) -> dict[int, Row]:
    return looked(spark, [event["value"] for event in EVENTS])


@pytest.mark.parametrize("index", range(len(EVENTS)), ids=[event["name"] for event in EVENTS])
def test_a_plain_golden_event_is_silver(golden: dict[int, Row], index: int) -> None:
    if golden[index].is_silver:
        assert EVENTS[index]["expect"] == "silver"
        check_silver(golden[index], EVENTS[index])


def test_common_events_need_no_second_look(spark: SparkSession) -> None:
    common = [
        *[event(event_ts=time) for time in PLAIN_TIMES],
        *[event(amount=amount) for amount in (0, 0.0, -3, 1.5, 1234567890123.45)],
        event(merchant="Größe & Söhne, 2. Stock", city=None),
        json.dumps(json.loads(event()), separators=(",", ":")),
        event(user_id=12345),
        event(note="x", attempts=2, ratio=0.5, online=True, parent=None),
        # Each field is a round of the pattern: none of them may take a stack frame.
        event(**{f"extra_{number}": number for number in range(20_000)}),
    ]
    assert [value for index, value in enumerate(common) if not looked(spark, common)[index].is_silver] == []


def test_whatever_a_lenient_parser_would_let_through_is_left_open(spark: SparkSession) -> None:
    doubtful = [
        None,
        "",
        "null",
        event() + "x",
        event() + event(),
        "[" + event() + "]",
        event(amount="1.25"),
        event().replace("1.25", "1.005"),
        event().replace("1.25", "12.50000000000000001"),
        event().replace("1.25", "1e400"),
        event().replace("1.25", "1.25e0"),
        event().replace("1.25", "NaN"),
        event().replace('"amount": 1.25', '"amount": 1.005, "amount": 1.25'),
        event(event_ts="2026-01-01"),
        event(event_ts="2026-01-01 00:00:00Z"),
        event(event_ts=1767225600),
        event(event_ts="2026-01-01T00:00:60Z"),
        event(event_ts=" 2026-01-01T00:00:00Z"),
        event(lat="52.5"),
        event().replace("52.5", "1e999"),
        event(user_id=True),
        event(user_id=1.5),
        event(user_id=["u"]),
        event(user_id={"id": "u"}),
        event().replace('"u"', "1e400"),
        event().replace('"u"', "1e5"),
        event(card_id=None),
        event(merchant='a "quoted" name'),
        event().replace("}", ",}"),
        event().replace("{", "{,"),
        event().replace(", ", " "),
        event(note={"a": 1}),
        event().replace('"amount"', '"am\\u006funt"'),
    ]
    rows = looked(spark, doubtful)
    assert [value for index, value in enumerate(doubtful) if rows[index].is_silver] == []


# As the producer writes it.
USUAL = (
    '{"txn_id":"t","event_ts":"2026-01-01T00:00:00.123+00:00","user_id":"u","card_id":"c","merchant":"m",'
    '"category":"g","amount":1.25,"currency":"EUR","status":"s","city":"b","country":"DE","lat":52.5,'
    '"lon":-1.5}'
)


def test_the_usual_form_needs_no_second_look_and_is_no_less_strict(spark: SparkSession) -> None:
    plain = [
        USUAL,
        USUAL.replace("52.5", "null"),
        USUAL.replace('"m"', '"Jerde, Große & {Söhne}"'),
        USUAL.replace('"m"', "12"),
        USUAL.replace('"m"', "null"),
        USUAL.replace(',"lat":52.5,"lon":-1.5', ""),
    ]
    doubtful = [
        USUAL.replace(old, new)
        for old, new in (
            ("1.25", '"1.25"'),
            ("1.25", "1.005"),
            ("1.25", "1e2"),
            ("1.25", "null"),
            ("T00:00:00.123+00:00", ""),
            ("2026-01-01", "2026-02-30"),
            ('"c"', "null"),
            ('"u"', "true"),
            ('"m"', "1.5"),
            ('"m"', '{"a":1}'),
            ('"m"', '"a\\u0041"'),
            ('"m"', '"a\x01"'),
            ('"b"', '"b" "c"'),
            ("52.5", '"52.5"'),
            ("52.5", "1e999"),
            ("}", "}x"),
            ("}", ",}"),
            ("}", ',"amount":"2"}'),
            ("{", " {"),
            ("lon", "lo\\u006e"),
        )
    ]
    rows = looked(spark, plain + doubtful)
    assert [rows[index].is_silver for index in range(len(rows))] == [True] * len(plain) + [False] * len(
        doubtful
    )
    assert (rows[0].txn_id, rows[0].event_time_text) == ("t", "2026-01-01T00:00:00.123000Z")
    assert (rows[0].country, rows[0].lat, rows[0].lon) == ("DE", 52.5, -1.5)


def test_a_value_is_parsed_once(spark: SparkSession) -> None:
    plan = first_look(records(spark, ["x"]))._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("from_json(") == 1


def test_the_look_does_not_depend_on_the_ansi_mode(spark: SparkSession) -> None:
    name = "spark.sql.ansi.enabled"
    before = spark.conf.get(name, "false")
    spark.conf.set(name, "true")
    try:
        rows = first_look(records(spark, [event["value"] for event in EVENTS])).selectExpr(
            "offset", "is_silver", "amount", "unix_micros(event_time) as micros"
        )
        actual = {row.offset: (row.is_silver, row.amount, row.micros) for row in rows.collect()}
    finally:
        spark.conf.set(name, before)
    rows = first_look(records(spark, [event["value"] for event in EVENTS])).selectExpr(
        "offset", "is_silver", "amount", "unix_micros(event_time) as micros"
    )
    assert actual == {row.offset: (row.is_silver, row.amount, row.micros) for row in rows.collect()}
