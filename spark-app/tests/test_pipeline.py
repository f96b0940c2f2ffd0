"""A resolved pipeline as the job reads it, and its expressions as SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.expressions import to_sql
from medallion.pipeline import Pipeline, pipeline_of
from medallion.sql_text import name
from tests.parsing import load_pipeline

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "pipelines/transactions/pipeline.json"
EVERYTHING = ROOT / "data/fixtures/pipelines/everything/pipeline.json"


def column(path: str) -> str:
    return name(*path.split("."))


def test_the_default_pipeline_is_read(spark: SparkSession) -> None:
    pipeline = load_pipeline(DEFAULT)
    assert (pipeline.topic, pipeline.event_time, pipeline.watermark_ms) == (
        "transactions",
        "event_ts",
        300_000,
    )
    (gold,) = pipeline.gold
    assert (gold.name, gold.group_by, gold.window_ms, gold.slide_ms) == ("gold", ("card_id",), 60_000, 60_000)
    assert [(each.name, each.function, each.type.kind) for each in gold.measures] == [
        ("txn_count", "count", "integer"),
        ("sum_amount", "sum", "decimal"),
        ("avg_amount", "avg", "decimal"),
        ("max_amount", "max", "decimal"),
    ]


def test_nested_types_are_read() -> None:
    pipeline: Pipeline = load_pipeline(EVERYTHING)
    nested = {each.name: each.type for each in pipeline.fields if each.type.fields or each.type.items}
    assert {kind.kind for kind in nested.values()} == {"object", "array"}
    assert len(pipeline.gold) == 2


def test_another_version_is_not_read() -> None:
    document = json.loads(DEFAULT.read_text("utf-8"))
    with pytest.raises(ValueError, match="version 2"):
        pipeline_of({**document, "version": 2})


ONE: dict[str, Any] = {"op": "literal", "type": "integer", "value": "1"}
TEN: dict[str, Any] = {"op": "literal", "type": "decimal", "value": "10.0"}
X: dict[str, Any] = {"op": "column", "name": "s.x"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"op": "+", "args": [X, ONE], "type": {"kind": "integer"}}, 8),
        ({"op": "/", "args": [X, ONE], "type": {"kind": "double"}}, 7.0),
        ({"op": "%", "args": [X, ONE], "type": {"kind": "integer"}}, 0),
        ({"op": "negate", "args": [X], "type": {"kind": "integer"}}, -7),
        ({"op": "between", "args": [X, ONE, TEN]}, True),
        ({"op": "and", "args": [{"op": "isNull", "args": [X]}, {"op": "=", "args": [X, ONE]}]}, False),
    ],
)
def test_an_expression_means_in_spark_what_it_says(
    spark: SparkSession, expression: dict[str, Any], expected: object
) -> None:
    row = spark.sql("select named_struct('x', 7L) as s").selectExpr(to_sql(expression, column)).first()
    assert row is not None
    assert row[0] == expected
