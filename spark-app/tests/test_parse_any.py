"""Generated contracts and values: the job's parse and an oracle in Python without Spark agree."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from medallion.pipeline import Pipeline
from tests.any_json import any_texts, gathered, random_bytes
from tests.oracle import classify, instant_text, same
from tests.parsing import TRANSACTIONS, all_reasons, contract, event_of, field, outcomes

_EXAMPLES = 400

_LINE = {
    "fields": [
        field("sku", "string", required=True),
        field("price", "decimal", required=True, precision=9, scale=3),
        field("discounts", "array", items=field("", "decimal", precision=5, scale=4)),
        field("at", "timestamp"),
    ]
}
_SCALARS = contract(
    field("s", "string", required=True),
    field("i", "integer", required=True),
    field("d", "double"),
    field("b", "boolean"),
    field("c", "decimal", required=True, precision=10, scale=4),
    field("w", "decimal", precision=38, scale=18),
    field("day", "date"),
    field("dotted", "date", format="dd.MM.yyyy", shape=r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})(?![\s\S])"),
    field("packed", "date", format="yyyyMMdd", shape=r"^([0-9]{4})([0-9]{2})([0-9]{2})(?![\s\S])"),
    field("t", "timestamp"),
    field("z", "timestamp", format="iso8601", timezone="+05:30"),
    field("es", "timestamp", epoch="seconds"),
    field("em", "timestamp", epoch="milliseconds"),
    field("eu", "timestamp", epoch="microseconds"),
)
_NESTED = contract(
    field("s", "string", required=True),
    field("texts", "array", items=field("", "string")),
    field("full", "array", required=True, items=field("", "integer", required=True)),
    field("grid", "array", items=field("", "array", items=field("", "double"))),
    field("o", "object", fields=[field("s", "string", required=True), field("x", "object", **_LINE)]),
    field("lines", "array", items=field("", "object", required=True, **_LINE)),
)
_UNKNOWN = contract(
    field("s", "string"), field("c", "decimal", precision=4, scale=1), unknownFields="quarantine"
)

_digits = st.text("0123456789", min_size=1, max_size=25)
_numbers = st.one_of(
    st.sampled_from(
        [
            *("0", "-0", "0.0", "-0.0", "1", "12", "1.5", "1.50", "1.005", "12.340000000000000001", "1e0"),
            *("15e-1", "1.5E2", "1e400", "1e-400", "1e999999999", "1e-999999999", "1767225600"),
            *("1767225600.123456789", "1767225600123.4567", "-1", "-1.5", "0.1", "9999.9999"),
            *("99999.99999", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1E+2"),
            *("1e00002", "1764201600000000000000000e-15", "20260101", "01", "1.", ".5", "+", "5e"),
        ]
    ),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "-"]),
        st.one_of(st.sampled_from(["0", "7", "1767225600"]), _digits),
        st.one_of(st.just(""), st.builds(".{}".format, _digits)),
        st.sampled_from(["", "", "", "e1", "E-3", "e+12", "e20", "e-20"]),
    ),
)
_times = st.one_of(
    st.sampled_from(
        [
            *("2026-01-01", "2026-02-30", "31.12.2025", "31.02.2025", "20260131", "20261301", "0000-02-29"),
            *("2026-01-01T00:00Z", "2026-01-01 00:00:00.123456789+01", "2026-01-01t10:20:30z", "2026-1-1"),
            *(
                "2026-01-01T24:00:00",
                "2026-01-01T10:00:00+1801",
                "2026-01-01T10:00-18:00",
                "9999-12-31T23:59:59",
            ),
        ]
    ),
    st.builds(
        "{}-{}-{}{}{}:{}{}{}".format,
        st.sampled_from(["2026", "1969", "0000", "9999"]),
        st.sampled_from(["01", "02", "12", "13"]),
        st.sampled_from(["01", "28", "29", "31"]),
        st.sampled_from(["T", " ", "t", "", "X"]),
        st.sampled_from(["00", "23", "24"]),
        st.sampled_from(["00", "59", "60"]),
        st.sampled_from(["", ":00", ":59.5", ":30.123456789", ":60", ":1"]),
        st.sampled_from(["", "Z", "z", "+00:00", "+0530", "-08", "+01:60", " Z"]),
    ),
)
_texts = st.one_of(
    _times.map('"{}"'.format),
    _numbers.map('"{}"'.format),
    st.sampled_from(
        [
            '""',
            '"true"',
            '"{}"',
            '"[1]"',
            '"{"',
            '"\\u007b"',
            '"\\u00e9"',
            '"\\"x\\\\"',
            '"a: 1, b"',
            '"null"',
            '"\\ud800"',
        ]
    ),
    st.text("ab{}[]:,é 1", max_size=6).map('"{}"'.format),
)
_words = st.sampled_from(["null", "true", "false", "NaN", "nul", "[]", "{}"])
_scalars = st.one_of(_numbers, _numbers, _texts, _texts, _words)
_blank = st.sampled_from(["", "", "", " ", "\n\t"])
_RIGHT = {
    "string": st.sampled_from(['"a"', '"é\\n"', "12", "1.50"]),
    "integer": st.sampled_from(["1", "-5", "9223372036854775807"]),
    "double": st.sampled_from(["1.5", "1e5", "52.370216123456789"]),
    "boolean": st.sampled_from(["true", "false"]),
    "decimal": st.sampled_from(["1.5", "0.250", '"3"', "15e-1", "0"]),
    "date": st.sampled_from(['"2026-01-31"', '"0000-02-29"']),
    "dd.MM.yyyy": st.just('"31.01.2026"'),
    "yyyyMMdd": st.just('"20260131"'),
    "timestamp": st.sampled_from(
        ['"2026-01-01T10:20:30.5Z"', '"2026-01-01 10:20"', '"2026-01-01t10:20+0530"']
    ),
    "epoch": st.sampled_from(["1767225600", '"1767225600.123456789"', "1.7672256e9", "-1.5"]),
}


def _value(draw: st.DrawFn, each: Any) -> str:
    if draw(st.integers(0, 39)) == 0:
        return str(draw(_scalars))
    if each.type.kind == "object":
        return _object(draw, each.type.fields)
    if each.type.items:
        items = [_value(draw, each.type.items) for _ in range(draw(st.integers(0, 2)))]
        return "[" + ",".join(items) + draw(_blank) + "]"
    of = each.type
    notation = "epoch" if of.epoch else of.format if of.format in _RIGHT else of.kind
    return str(draw(_RIGHT[notation]))


def _object(draw: st.DrawFn, fields: Any, repeats: bool = False) -> str:
    members = []
    for each in fields:
        for _ in range(draw(st.sampled_from([0, *[1] * 20, 2] if repeats else [0, *[1] * 20]))):
            name = each.name if draw(st.integers(0, 20)) else f"\\u{ord(each.name[0]):04x}{each.name[1:]}"
            members.append(f'"{name}"{draw(_blank)}:{draw(_blank)}{_value(draw, each)}')
    if draw(st.integers(0, 9)) == 0:
        members.insert(0, f'"unknown":{draw(_scalars)}')
    return draw(_blank) + "{" + ",".join(members) + draw(_blank) + "}" + draw(_blank)


@st.composite
def _events(draw: st.DrawFn, pipeline: Pipeline) -> str:
    text = _object(draw, pipeline.fields, repeats=True)
    change = draw(st.integers(0, 30))
    at = draw(st.integers(0, len(text)))
    if change == 0:
        return text[:at]
    if change == 1:
        return text + draw(st.sampled_from(["}", "{}", ",", "x", ',"x":1}', "]", '"']))
    if change == 2:
        return text[:at] + draw(st.sampled_from(['"', "\\", "{", "}", "[", ",", "1", "\0"])) + text[at:]
    return text


def differences(
    spark: SparkSession, values: list[str], pipeline: Pipeline
) -> tuple[list[Any], set[Optional[str]]]:
    """The differences between job and oracle, and every reason that occurred."""
    found: list[Any] = []
    reasons: set[Optional[str]] = set()
    for value, row in zip(values, outcomes(spark, list(values), pipeline)):
        reason, expected = classify(value, pipeline)
        reasons.add(reason)
        if row.reason != reason:
            found.append((value, reason, row.reason, row.detail))
        elif reason is None:
            shown = event_of(row)
            found += [
                (value, each.name, expected[each.name], shown[each.name])
                for each in pipeline.silver_fields
                if not same(each.type, expected[each.name], shown[each.name])
            ]
    return found, reasons


@pytest.mark.parametrize(
    "pipeline", [_SCALARS, _NESTED, _UNKNOWN], ids=["scalars", "nested", "unknown fields"]
)
def test_job_and_oracle_agree(spark: SparkSession, pipeline: Pipeline) -> None:
    found, reasons = differences(spark, gathered(_events(pipeline), _EXAMPLES), pipeline)
    assert found == []
    # The examples reach every outcome; otherwise they would prove little.
    assert reasons >= {None, "not_json_object", "wrong_type"}


def test_an_epoch_is_exact_however_its_number_is_written(spark: SparkSession) -> None:
    fixture = Path(__file__).parents[2] / "data/fixtures/epochs.jsonl"
    epochs = [json.loads(line) for line in fixture.read_text().splitlines()]
    pipeline = contract(
        *(
            field(unit, "timestamp", required=True, epoch=unit)
            for unit in ("seconds", "milliseconds", "microseconds")
        )
    )
    zero = dict.fromkeys(("seconds", "milliseconds", "microseconds"), "0")
    numbers = [(each, text) for each in epochs for text in (each["number"], f'"{each["number"]}"')]
    values = [
        "{" + ",".join(f'"{unit}":{text}' for unit, text in {**zero, each["unit"]: text}.items()) + "}"
        for each, text in numbers
    ]
    for (each, _), row in zip(numbers, outcomes(spark, values, pipeline)):
        found = None if row.reason == f"bad_{each['unit']}" else event_of(row)[each["unit"]]
        expected = None if each["micros"] is None else instant_text(int(each["micros"]))
        assert found == expected, each


def test_job_and_oracle_agree_about_any_text(spark: SparkSession) -> None:
    values = [text.decode("utf-8", "replace") for text in any_texts()]
    found, reasons = differences(spark, values, TRANSACTIONS)
    assert found == []
    assert reasons >= {None, *all_reasons(TRANSACTIONS)} - {"null_value"}


def test_any_bytes_have_one_outcome(spark: SparkSession) -> None:
    values: list[Any] = [*random_bytes(), random.Random(2).randbytes(1_000_000)]
    assert len(outcomes(spark, values, TRANSACTIONS)) == len(values)
