"""The rule of orchestrator/pipeline/resolve.ts, with its cases."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Callable

import pytest

from medallion.pipeline_record import changes_of

_FIXTURE = Path(__file__).parents[2] / "data/fixtures/pipelines/everything/pipeline.json"
BEFORE = json.loads(_FIXTURE.read_text("utf-8"))
TEXT = {"required": False, "type": {"kind": "string"}, "constraints": {}}

Change = Callable[[dict[str, Any]], object]


def after(change: Change) -> dict[str, Any]:
    now: dict[str, Any] = copy.deepcopy(BEFORE)
    change(now)
    return now


def field(pipeline: dict[str, Any], *path: str) -> dict[str, Any]:
    """The field at a path; `[]` are the elements of an array."""
    found: dict[str, Any] = {"type": {"fields": pipeline["fields"]}}
    for name in path:
        inside = found["type"]
        found = inside["items"] if name == "[]" else next(f for f in inside["fields"] if f["name"] == name)
    return found


def gold(pipeline: dict[str, Any], name: str) -> dict[str, Any]:
    return next(table for table in pipeline["gold"] if table["name"] == name)


def add_note(pipeline: dict[str, Any]) -> None:
    pipeline["fields"].insert(3, {"name": "note", **TEXT})


def add_note_to_raw_csv(pipeline: dict[str, Any]) -> None:
    add_note(pipeline)
    pipeline["rawCsv"]["columns"].insert(2, "note")


def add_inside(pipeline: dict[str, Any]) -> None:
    field(pipeline, "customer")["type"]["fields"].insert(0, {"name": "phone", **TEXT})
    field(pipeline, "lines", "[]")["type"]["fields"].append({"name": "colour", **TEXT})


def other_words(pipeline: dict[str, Any]) -> None:
    for each in pipeline["expectations"]["expectOrQuarantine"]:
        each["sql"] = each["sql"].lower()


@pytest.mark.parametrize(
    "change",
    [
        add_note,
        add_note_to_raw_csv,
        add_inside,
        lambda now: now["gold"].insert(0, {**gold(now, "overall"), "name": "hourly"}),
        lambda now: now["expectations"]["expect"].clear(),
        other_words,
        lambda now: now["source"].update(topic="others", partitions=5, key=None),
        lambda now: now.update(name="others"),
    ],
)
def test_what_merely_adds_is_compatible(change: Change) -> None:
    now = after(change)
    assert now != BEFORE
    assert changes_of(BEFORE, now) == []


def reverse(pipeline: dict[str, Any], *path: str) -> None:
    field(pipeline, *path)["type"]["fields"].reverse()


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        (
            "the field note is new and required",
            lambda now: now["fields"].append({"name": "note", **TEXT, "required": True}),
        ),
        (
            "the field customer.phone is new and required",
            lambda now: field(now, "customer")["type"]["fields"].append(
                {"name": "phone", **TEXT, "required": True}
            ),
        ),
        ("the field sequence is gone", lambda now: now["fields"].remove(field(now, "sequence"))),
        (
            'the type of total was {"kind":"decimal","precision":12,"scale":3}, and is '
            '{"kind":"decimal","precision":13,"scale":3}',
            lambda now: field(now, "total")["type"].update(precision=13),
        ),
        (
            "whether sequence is required was false, and is true",
            lambda now: field(now, "sequence").update(required=True),
        ),
        (
            'the constraints of tags[] was {"maxLength":20}, and is {"maxLength":21}',
            lambda now: field(now, "tags", "[]")["constraints"].update(maxLength=21),
        ),
        (
            "the type of customer.address.since was",
            lambda now: field(now, "customer", "address", "since")["type"].update(kind="string"),
        ),
        (
            "the order of the fields of customer.address was country, since, geo, and is geo, since, country",
            lambda now: reverse(now, "customer", "address"),
        ),
        ("the order of the fields was order_id, ", lambda now: now["fields"].reverse()),
        (
            "the watermark (ms) was 120000, and is 180000",
            lambda now: now["eventTime"].update(watermarkMs=180_000),
        ),
        (
            "the event time was kafka_ts, and is placed",
            lambda now: now["eventTime"].update(field="placed"),
        ),
        ("unknown_fields was quarantine, and is ignore", lambda now: now.update(unknownFields="ignore")),
        ("expect_or_quarantine was", lambda now: now["expectations"]["expectOrQuarantine"].pop()),
        (
            "the columns of raw_csv was order_id, event_time, shop,",
            lambda now: now["rawCsv"]["columns"].reverse(),
        ),
        ("the gold table overall is gone", lambda now: gold(now, "overall").update(name="total")),
        (
            "group_by of the gold table by_shop was shop, gift, and is shop",
            lambda now: gold(now, "by_shop").update(groupBy=["shop"]),
        ),
        (
            "the slide (ms) of the gold table by_shop was 300000, and is 600000",
            lambda now: gold(now, "by_shop").update(slideMs=600_000),
        ),
        ("the measures of the gold table by_shop was", lambda now: gold(now, "by_shop")["measures"].pop()),
    ],
)
def test_anything_else_is_another_pipeline(expected: str, change: Change) -> None:
    assert [text for text in changes_of(BEFORE, after(change)) if text.startswith(expected)] != []
