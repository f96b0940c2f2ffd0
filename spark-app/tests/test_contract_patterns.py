"""Spark and Java read a contract's patterns as TypeScript does, which is tested against the same
fixtures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

FIXTURES = Path(__file__).parents[2] / "data" / "fixtures"


def _lines(name: str) -> list[dict[str, Any]]:
    # Other line ends may occur inside a text.
    text = (FIXTURES / name).read_text("utf-8")
    return [json.loads(line) for line in text.rstrip("\n").split("\n")]


def test_times_that_have_the_shape_are_what_the_pattern_says(spark: SparkSession) -> None:
    spark.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    try:
        for case in _lines("time-patterns.jsonl"):
            texts = case["texts"]
            rows = spark.createDataFrame([(text,) for text in texts], "text string")
            read = F.to_timestamp("text", case["format"])
            shown = "yyyy-MM-dd" if case["kind"] == "date" else "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"
            result = rows.select(
                "text",
                F.date_format(F.when(F.col("text").rlike(case["shape"]), read), shown).alias("time"),
            )
            assert dict(result.collect()) == texts, case["pattern"]
    finally:
        spark.conf.unset("spark.sql.legacy.timeParserPolicy")


def test_regular_expressions_find_what_javascript_finds(spark: SparkSession) -> None:
    assert spark._jvm is not None
    for case in _lines("regexes.jsonl"):
        compiled = spark._jvm.java.util.regex.Pattern.compile(case["normalised"])
        found = {text: compiled.matcher(text).find() for text in case["found"] + case["notFound"]}
        expected = {**dict.fromkeys(case["found"], True), **dict.fromkeys(case["notFound"], False)}
        assert found == expected, case.get("pattern", case.get("format"))
