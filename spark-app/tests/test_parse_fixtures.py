"""The golden events and the poison corpus have their outcomes by the default pipeline, and the
oracle's.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from medallion.session import tune_for_size
from tests.golden_events import EVENTS
from tests.oracle import classify, same
from tests.parsing import TRANSACTIONS, all_reasons, event_of, outcomes
from tests.poison_corpus import POISON, bytes_of

_POISON_VALUES = [bytes_of(each["value"]) for each in POISON]
#: Limits of Jackson, which the oracle does not implement.
_LIMITS = (
    "digits",
    "levels",
    "arrays",
    "objects",
    "hash",
    "behind 900 zeros",
    "nested",
    "a megabyte of decimals",
)


# Once as in a large batch, and once as in a small one.
@pytest.fixture(scope="module", params=[True, False], ids=["generated", "interpreted"])
def session(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[SparkSession]:
    tune_for_size(spark, request.param)
    yield spark
    tune_for_size(spark, True)


@pytest.fixture(scope="module")
def golden(session: SparkSession) -> list[Row]:
    return outcomes(session, [each["value"] for each in EVENTS], TRANSACTIONS)


@pytest.fixture(scope="module")
def poison(session: SparkSession) -> list[Row]:
    return outcomes(session, _POISON_VALUES, TRANSACTIONS)


def test_golden_events_have_their_reasons(golden: list[Row]) -> None:
    actual = [(event["name"], row.reason) for event, row in zip(EVENTS, golden)]
    assert actual == [(event["name"], event["reason"]) for event in EVENTS]
    assert {row.reason for row in golden} >= {None, *all_reasons(TRANSACTIONS)} - {
        *("schema_registry_header", "bad_txn_id")
    }


def test_poison_values_have_their_reasons(poison: list[Row]) -> None:
    assert len(POISON) >= 300
    actual = [(event["name"], row.reason) for event, row in zip(POISON, poison)]
    assert actual == [(event["name"], event["reason"]) for event in POISON]


def test_golden_events_have_their_values(golden: list[Row]) -> None:
    for event, row in zip(EVENTS, golden):
        if row.reason is None:
            shown = event_of(row)
            for name in ("lat", "lon"):
                shown[name] = None if shown[name] is None else float(shown[name])
            shown["amount"] = f"{Decimal(shown['amount']):.2f}"
            assert shown == event["silver"], event["name"]


def test_poison_values_that_become_silver_keep_their_values(poison: list[Row]) -> None:
    wrong = [
        (event["name"], name)
        for event, row in zip(POISON, poison)
        for name, value in event.get("silver", {}).items()
        if not _is_kept(event_of(row)[name], name, value)
    ]
    assert wrong == []


def _is_kept(shown: Any, name: str, value: Any) -> bool:
    if name == "amount":
        return Decimal(shown) == Decimal(value)
    return bool(shown == value) or (name in ("lat", "lon") and float(shown) == float(value))


def test_the_oracle_agrees_about_the_fixtures(golden: list[Row], poison: list[Row]) -> None:
    golden_values = [event["value"] and event["value"].encode() for event in EVENTS]
    values = [value or None for value in [*golden_values, *_POISON_VALUES]]
    names = [event["name"] for event in EVENTS + POISON]
    differ = []
    for name, value, row in zip(names, values, golden + poison):
        if value is None or row.reason == "schema_registry_header" or any(limit in name for limit in _LIMITS):
            continue
        try:
            text = value.decode()
        except UnicodeDecodeError:
            continue
        reason, expected = classify(text, TRANSACTIONS)
        if row.reason != reason:
            differ.append((name, reason, row.reason))
        elif reason is None:
            shown = event_of(row)
            differ += [
                (name, each.name)
                for each in TRANSACTIONS.silver_fields
                if not same(each.type, expected[each.name], shown[each.name])
            ]
    assert differ == []


def test_what_is_quarantined_has_a_detail_of_what_is_wrong(golden: list[Row], poison: list[Row]) -> None:
    for row in golden + poison:
        assert (row.detail is None) == (row.reason is None)
        assert row.detail is None or 0 < len(row.detail) < 250
