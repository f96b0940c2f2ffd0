"""The parse by contracts of every shape: what is silver, what is not, and the content of
`detail`.
"""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest
from pyspark.sql import Row, SparkSession

from medallion import exact_validation, marked_json, parse
from medallion.pipeline import Pipeline
from medallion.silver import silver_schema
from tests.golden_events import EVENTS
from tests.parsing import (
    EVERYTHING,
    TRANSACTIONS,
    all_reasons,
    contract,
    event_of,
    field,
    outcomes,
    parsed,
    silver,
)

EVENT: dict[str, Any] = {
    "txn_id": "t",
    "card_id": "c",
    "event_ts": "2026-01-01T00:00:00Z",
    "amount": 1.25,
}
ORDER: dict[str, Any] = {
    "order_id": "12345678-1234-1234-1234-123456789abc",
    "shop": "Main Street",
    "quantity": 3,
    "total": 10.5,
    "placed": "2026-01-01T10:00:00Z",
    "customer": {"id": 7, "address": {"country": "NL", "since": "2020-02-29", "geo": [52.5, 4.9]}},
    "lines": [{"sku": "a", "price": "1.250", "discounts": [0.25, "0.5", None]}],
}


def text(event: dict[str, Any], **changes: Any) -> str:
    return json.dumps({**event, **changes})


def reasons_of(spark: SparkSession, values: list[Any], pipeline: Pipeline) -> list[tuple[Any, Any]]:
    return [(row.reason, row.detail) for row in outcomes(spark, values, pipeline)]


def test_a_value_is_parsed_once_and_others_again_with_their_tokens_marked(spark: SparkSession) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.debug.maxToStringFields", "1000")
    plan = parsed(session, ["x"], TRANSACTIONS)._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("from_json(") == 2
    assert plan.count("regexp_replace(regexp_replace(if (EndsWith(rtrim(value") == 1


#: Values that would end a wrapper early, or add members to it.
_SPOOFS = [
    '{} "x":1',
    '{},"x":{}',
    '{}],"x":[{}',
    "{}{}",
    "{} {}",
    "{}}",
    "{},{}",
    '{"a":{}',
    '{"a":"}',
    '{"a":"\\}',
    '[{"a":1}]',
    '[{"a":1}',
    '[{"a":1},{"b":2}',
    '{"a":1,}',
    '{"a":1} x}',
    '{"a":1,"end":1} }',
    "}",
    "{",
    "",
    " ",
    "{}x",
    '"{}"',
    "{}\u00a0",
    "\ufeff{}",
    "null}",
    "1}",
]


def test_nothing_but_one_object_is_one(spark: SparkSession) -> None:
    right = json.dumps(EVENT)
    spoofs = [*_SPOOFS, *[right + spoof for spoof in _SPOOFS if spoof.strip()], "[" + right, right[:-1]]
    found = outcomes(spark, spoofs, TRANSACTIONS)
    assert [value for value, row in zip(spoofs, found) if row.reason != "not_json_object"] == []


def test_the_names_that_prove_the_end_are_random() -> None:
    names = (exact_validation._END, exact_validation._BROKEN, parse._BROKEN, marked_json.MARK)
    assert len({name[-16:] for name in names}) == 4


def test_blanks_around_an_object_do_not_matter(spark: SparkSession) -> None:
    pretty = json.dumps(EVENT, indent=2)
    values = [pretty, pretty + "\n", pretty + "\r\n", " \t" + pretty + " \n \n", "\n" * 1_000_000 + pretty]
    assert reasons_of(spark, values, TRANSACTIONS) == [(None, None)] * len(values)
    # A long run of blanks costs no more than its length.
    blanks = [pretty + " " * 1_000_000 + "x", " " * 1_000_000, "\\u" * 500_000 + "}", '"\\u' * 300_000 + "}"]
    assert {reason for reason, _ in reasons_of(spark, blanks, TRANSACTIONS)} == {"not_json_object"}


def test_an_empty_object_lacks_its_fields(spark: SparkSession) -> None:
    optional = contract(field("a", "string"))
    assert reasons_of(spark, ["{}", " { } "], optional) == [(None, None)] * 2
    assert reasons_of(spark, ["{}"], TRANSACTIONS)[0][0] == "missing_txn_id"


_DETAILS: list[tuple[Any, str, str]] = [
    (None, "null_value", "the record has no value"),
    (b"\0\0\0\0\x2a\x01", "schema_registry_header", "begins with a Schema Registry header, schema id 42"),
    ("not json", "not_json_object", "not json"),
    ("", "not_json_object", "the value is empty"),
    ("x" * 200, "not_json_object", "x" * 100 + "…"),
    (text(EVENT, txn_id=None), "missing_txn_id", "txn_id: not there, or null"),
    (text(EVENT, card_id={}), "bad_card_id", "card_id: {} is no text"),
    (text(EVENT, event_ts="2026-13-01"), "bad_event_ts", "event_ts: 2026-13-01 is no date"),
    (text(EVENT, event_ts=1767225600), "bad_event_ts", "event_ts: 1767225600 is no date"),
    (text(EVENT, amount=1.005), "bad_amount", "amount: 1.005 has more than 2 decimals"),
    (text(EVENT, amount="x"), "bad_amount", "amount: x is no number"),
    (
        text(EVENT, amount=10**16),
        "bad_amount",
        "amount: 10000000000000000 has more than 16 digits before the point",
    ),
    (
        json.dumps(EVENT).replace("1.25", "1e999999999"),
        "bad_amount",
        "amount: 1e999999999 does not fit decimal(18,2)",
    ),
    (
        json.dumps(EVENT).replace("1.25", "1e-999999999"),
        "bad_amount",
        "amount: 1e-999999999 does not fit decimal(18,2)",
    ),
    (text(EVENT, city=True), "wrong_type", "city: true is no text"),
    (text(EVENT, city={"a": [1, "{"]}), "wrong_type", 'city: {"a":[1,"{"]} is no text'),
    (text(EVENT, lat="52.5"), "wrong_type", 'lat: "52.5" is no finite number'),
    (
        json.dumps({**EVENT, "lat": 1}).replace('"lat": 1', '"lat": 1e400'),
        "wrong_type",
        "lat: 1e400 is no finite number",
    ),
]


def test_each_reason_has_a_detail_of_what_is_wrong(spark: SparkSession) -> None:
    actual = reasons_of(spark, [value for value, _, _ in _DETAILS], TRANSACTIONS)
    assert actual == [(reason, detail) for _, reason, detail in _DETAILS]
    assert {reason for _, reason, _ in _DETAILS} >= set(all_reasons(TRANSACTIONS)) - {
        "bad_txn_id",
        *map("missing_{}".format, ("card_id", "event_ts", "amount")),
    }


#: A change of the order, and its reason and detail.
_ORDERS: list[tuple[dict[str, Any], Optional[str], Optional[str]]] = [
    ({}, None, None),
    ({"extra": 1, "more": {}}, "unknown_field", "extra, more"),
    ({"order_id": "x"}, "bad_order_id", None),
    ({"shop": "A"}, "bad_shop", "shop: A has fewer than 2 characters"),
    ({"shop": "A" * 41}, "bad_shop", f"shop: {'A' * 41} has more than 40 characters"),
    ({"channel": "fax"}, "bad_channel", "channel: fax is none of web, app, in store"),
    ({"channel": "app"}, None, None),
    ({"quantity": 0}, "bad_quantity", "quantity: 0 is less than 1"),
    ({"quantity": 1.5}, "bad_quantity", "quantity: 1.5 is no whole number of 64 bits"),
    ({"quantity": "1"}, "bad_quantity", 'quantity: "1" is no whole number of 64 bits'),
    ({"packs_of_six": 7}, "bad_packs_of_six", "packs_of_six: 7 is no multiple of 6"),
    ({"packs_of_six": -12}, None, None),
    ({"total": 1000000}, "bad_total", "total: 1000000.000 is not less than 1000000"),
    ({"total": -0.001}, "bad_total", "total: -0.001 is less than 0"),
    ({"tick": 0.005}, None, None),
    ({"tick": 0.006}, "bad_tick", "tick: 0.0060 is no multiple of 0.0025"),
    ({"wei": "12345678901234567890.123456789012345678"}, None, None),
    ({"score": -1}, "bad_score", "score: -1.0 is not more than -1"),
    ({"gift": "true"}, "wrong_type", 'gift: "true" is neither true nor false'),
    ({"due": "2019-12-31"}, "bad_due", "due: 2019-12-31 is less than 2020-01-01"),
    ({"due": "2020-05-31"}, "due_after_order", "due IS NULL OR due >= DATE '2020-06-01' is false"),
    ({"birthday": "31.02.2000"}, "wrong_type", "birthday: 31.02.2000 is no date"),
    ({"packed": "2026-01-01T10:00"}, None, None),
    (
        {"logged": "01/Feb/2026:10:00:00 +0100", "billed": "2/1/2026 1:05 pm", "compact": "20260101100000Z"},
        None,
        None,
    ),
    ({"compact": 20260101100000}, "wrong_type", "compact: 20260101100000 is no date"),
    ({"sent_s": 1767225600.5, "sent_ms": "1767225600123.4567", "sent_us": 0}, None, None),
    ({"sent_s": "1e999999999"}, "wrong_type", "sent_s: 1e999999999 is no time since 1970"),
    ({"sent_ms": 4102444800000}, "bad_sent_ms", None),
    ({"customer": {"id": 7, "email": "x"}}, "bad_customer", None),
    ({"customer": {"id": 7, "email": "a@b.org", "address": None}}, None, None),
    ({"customer": {"id": "7"}}, "bad_customer", 'customer: {"id":"7"} has a part of a wrong type'),
    ({"customer": {}}, "bad_customer", None),
    ({"customer": 5}, "bad_customer", "customer: 5 is no object"),
    ({"customer": {"id": 7, "address": {"country": "nl"}}}, "bad_customer", None),
    ({"customer": {"id": 7, "address": {"country": "NL", "geo": [1, None]}}}, "bad_customer", None),
    ({"customer": {"id": 7, "unknown": 1}}, None, None),
    ({"tags": ["a", None, 1.5]}, None, None),
    ({"tags": ["a", True]}, "wrong_type", None),
    ({"tags": ["a" * 21]}, "bad_tags", None),
    ({"tags": ["a"] * 11}, "bad_tags", None),
    ({"lines": []}, "bad_lines", None),
    ({"lines": [None]}, "bad_lines", None),
    ({"lines": [{"sku": "a", "price": 1.0005}]}, "bad_lines", None),
    ({"lines": {"sku": "a"}}, "bad_lines", None),
    ({"matrix": [[1, 2], None, []]}, None, None),
    ({"matrix": [[1, 2.5]]}, "wrong_type", "matrix: [[1,2.5]] has a part of a wrong type"),
    ({"shop": "Test shop"}, "not_a_test", None),
    ({"total": 0.001}, "total_covers_quantity", None),
    ({"score": 999.5}, None, None),
]


def test_orders_of_every_kind(spark: SparkSession) -> None:
    values = [text(ORDER, **change) for change, _, _ in _ORDERS]
    found = outcomes(spark, values, EVERYTHING)
    for (change, reason, detail), row in zip(_ORDERS, found):
        assert row.reason == reason, (change, row.detail)
        assert detail is None or row.detail == detail, (change, row.detail)
        assert (row.reason is None) or row.detail
    assert event_of(found[0])["customer"] == {
        "id": "7",
        "email": None,
        "credit": None,
        "address": {"country": "NL", "since": "2020-02-29", "geo": ["52.5", "4.9"]},
    }


def test_times_of_patterns_and_epochs(spark: SparkSession) -> None:
    change = {
        "packed": "2026-01-01T10:00",
        "logged": "01/Feb/2026:10:00:00 +0100",
        "billed": "2/1/2026 1:05 pm",
        "compact": "20260101100000+02",
        "birthday": "29.02.2000",
        "sent_s": 1767225600.5,
        "sent_ms": "1767225600123.4567",
        "sent_us": -1,
    }
    (row,) = outcomes(spark, [text(ORDER, **change)], EVERYTHING)
    event = event_of(row)
    assert {name: event[name] for name in change} == {
        "packed": "2026-01-01T08:00:00.000000Z",
        "logged": "2026-02-01T09:00:00.000000Z",
        "billed": "2026-02-01T13:05:00.000000Z",
        "compact": "2026-01-01T08:00:00.000000Z",
        "birthday": "2000-02-29",
        "sent_s": "2026-01-01T00:00:00.500000Z",
        "sent_ms": "2026-01-01T00:00:00.123456Z",
        "sent_us": "1969-12-31T23:59:59.999999Z",
    }


_REPEATS = [
    ('"lat": "x", "lat": 1.5', None),
    ('"lat": 1.5, "lat": "x"', "wrong_type"),
    ('"city": {}, "city": "a"', None),
    ('"city": "a", "city": {}', "wrong_type"),
    ('"amount": "x", "amount": 2', None),
    ('"amount": 2, "am\\u006funt": 12.340000000000000001', "bad_amount"),
    ('"amount": 12.340000000000000001, "amount": 2', None),
    ('"txn_id": null, "txn_id": "b"', None),
    ('"txn_id": "b", "txn_id": null', "missing_txn_id"),
    ('"nested": {"amount": 12.340000000000000001}', None),
]


def test_the_last_of_several_members_counts(spark: SparkSession) -> None:
    values = [f"{json.dumps(EVENT)[:-1]}, {members}}}" for members, _ in _REPEATS]
    found = outcomes(spark, values, TRANSACTIONS)
    assert [row.reason for row in found] == [reason for _, reason in _REPEATS]


def test_numbers_are_kept_to_the_letter(spark: SparkSession) -> None:
    kept = ["1.50", "1e5", "-0", "12.340000000000000001", "1E-400", "100000.0", "7", "0"]
    values = [f'{json.dumps(EVENT)[:-1]}, "city": {number}}}' for number in kept]
    assert [event_of(row)["city"] for row in outcomes(spark, values, TRANSACTIONS)] == kept
    amounts = {"12.34": "12.34", "12.340": "12.34", "1234e-2": "12.34", '"12.3400"': "12.34", "1e0": "1"}
    values = [json.dumps(EVENT).replace("1.25", amount) for amount in amounts]
    found = [event_of(row)["amount"] for row in outcomes(spark, values, TRANSACTIONS)]
    assert [amount.rstrip("0").rstrip(".") for amount in found] == list(amounts.values())


def test_texts_that_look_like_json_stay_texts(spark: SparkSession) -> None:
    texts = [
        "{}",
        "[1]",
        "true",
        "false",
        '{"a":"b"}',
        "1.5",
        "Infinity",
        "\\",
        '"',
        "null",
        "é {",
        "[" * 1000,
    ]
    values = [text(EVENT, city=each) for each in texts]
    assert [event_of(row)["city"] for row in outcomes(spark, values, TRANSACTIONS)] == texts


def test_a_megabyte_is_parsed(spark: SparkSession) -> None:
    long = "é" * 500_000
    rows = outcomes(spark, [text(EVENT, city=long), text(EVENT, city=["x" * 1_000_000])], TRANSACTIONS)
    assert event_of(rows[0])["city"] == long
    assert rows[1].reason == "wrong_type"
    assert len(rows[1].detail) < 200


def test_bronze_keeps_bytes_where_the_text_is_not_faithful(spark: SparkSession) -> None:
    values = [json.dumps(EVENT), "é\ufffd", b"\xff\xfe", b"\x00\x00\x00\x00\x01\xff", None]
    rows = parsed(spark, values, TRANSACTIONS).select("offset", "value", "value_bytes", "reason").collect()
    found = {row.offset: row for row in rows}
    kept = [found[offset].value_bytes for offset in range(len(values))]
    assert kept == [None, None, bytearray(b"\xff\xfe"), bytearray(b"\x00\x00\x00\x00\x01\xff"), None]
    assert found[3].reason == "schema_registry_header"


@pytest.fixture
def ansi(spark: SparkSession) -> Any:
    name = "spark.sql.ansi.enabled"
    before = spark.conf.get(name, "false")
    spark.conf.set(name, "true")
    yield
    spark.conf.set(name, before)


def test_ansi_mode_does_not_matter(spark: SparkSession, ansi: None) -> None:
    values = [event["value"] for event in EVENTS]
    orders = [text(ORDER, **change) for change, _, _ in _ORDERS]
    with_ansi: list[Row] = outcomes(spark, values, TRANSACTIONS) + outcomes(spark, orders, EVERYTHING)
    spark.conf.set("spark.sql.ansi.enabled", "false")
    without = outcomes(spark, values, TRANSACTIONS) + outcomes(spark, orders, EVERYTHING)
    assert with_ansi == without


def test_the_columns_have_the_types_of_silver(spark: SparkSession) -> None:
    for pipeline in (TRANSACTIONS, EVERYTHING):
        from_record = ["kafka_ts", "topic", "partition", "offset"]
        rows = parsed(spark, ["{}"], pipeline).select(*silver(pipeline), *from_record)
        assert rows.dtypes == spark.createDataFrame([], silver_schema(pipeline)).dtypes
