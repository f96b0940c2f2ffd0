"""Nothing that a topic can hold stops the job: each value of the corpus has its documented outcome."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable, Optional

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from medallion.first_look import first_look
from medallion.schema import SILVER_COLUMNS
from medallion.second_look import second_look
from tests.poison_corpus import POISON, bytes_of

_VALUES = [name for name in SILVER_COLUMNS if name not in ("kafka_ts", "topic", "partition", "offset")]


def records(spark: SparkSession, values: list[Optional[bytes]]) -> DataFrame:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    rows = [("k", value, now, "t", 0, offset) for offset, value in enumerate(values)]
    schema = "key string, value binary, kafka_ts timestamp, topic string, partition int, offset bigint"
    return spark.createDataFrame(rows, schema).repartition(2).withColumn("value", F.decode("value", "UTF-8"))


def outcomes(looked: DataFrame, verdict: str) -> dict[int, Row]:
    """What a look said of each record. Long texts are compared by their hash, instants as text."""
    texts = [F.sha2(name, 256).alias(f"{name}_sha") for name in ("txn_id", "card_id", "merchant")]
    short = [
        F.substring(F.col(name).cast("string"), 1, 100).alias(name)
        for name in _VALUES
        if name != "event_time"
    ]
    time = F.date_format("event_time", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").alias("event_time")
    rows = looked.select("offset", verdict, *short, time, *texts).collect()
    found = {row.offset: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def corpus(spark: SparkSession) -> DataFrame:
    return records(spark, [bytes_of(event["value"]) for event in POISON]).cache()


@pytest.fixture(scope="module")
def judged(corpus: DataFrame) -> dict[int, Row]:
    return outcomes(second_look(corpus), "reason")


def test_the_corpus_is_as_large_as_it_is_said_to_be() -> None:
    assert len(POISON) >= 300
    assert len({event["name"] for event in POISON}) == len(POISON)


def test_every_value_has_one_outcome_and_it_is_the_documented_one(judged: dict[int, Row]) -> None:
    assert sorted(judged) == list(range(len(POISON)))
    wrong = [
        (event["name"], event["reason"], judged[index].reason)
        for index, event in enumerate(POISON)
        if judged[index].reason != event["reason"]
    ]
    assert wrong == []


def test_silver_rows_have_the_values_that_were_sent(judged: dict[int, Row]) -> None:
    wrong = [
        (event["name"], name, judged[index][name])
        for index, event in enumerate(POISON)
        for name, value in event.get("silver", {}).items()
        if judged[index][name] != value
    ]
    assert wrong == []


def test_the_first_look_agrees_with_the_second_about_every_plain_value(corpus: DataFrame) -> None:
    check_looks_agree(corpus, len(POISON), lambda index: POISON[index]["name"])


def check_looks_agree(values: DataFrame, count: int, name: Callable[[int], object]) -> dict[int, Row]:
    """Each record has one outcome of either look, and what is plain at the first is the same silver row at
    the second, which it gives.
    """
    judged, looked = outcomes(second_look(values), "reason"), outcomes(first_look(values), "is_silver")
    assert sorted(judged) == sorted(looked) == list(range(count))
    plain = {index: row for index, row in looked.items() if row.is_silver}
    assert len(plain) > 50
    assert [(name(index), judged[index].reason) for index in plain if judged[index].reason is not None] == []
    assert [name(index) for index, row in plain.items() if _columns(row) != _columns(judged[index])] == []
    return judged


def _columns(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.asDict().items() if name not in ("is_silver", "reason")}
