"""An operator's configuration overrides the job's tuning, and nothing on which the outputs
depend.
"""

from __future__ import annotations

import pytest
from pyspark import SparkConf
from pyspark.sql import SparkSession

from medallion.session import _configuration, tune_for_size
from medallion.settings import load_settings


def test_what_the_operator_sets_is_left_alone() -> None:
    settings = load_settings({"MAX_FILES_PER_SINK": "300"})
    ours = _configuration(settings, {})
    assert ours["spark.sql.shuffle.partitions"] == "4"
    assert ours["spark.sql.streaming.minBatchesToRetain"] == "302"
    given = {"spark.sql.shuffle.partitions": "9", "spark.scheduler.mode": "FIFO"}
    assert set(ours) - set(_configuration(settings, given)) == set(given)


def test_what_the_outputs_depend_on_is_ours() -> None:
    settings = load_settings({})
    given = {"spark.sql.session.timeZone": "CET", "spark.sql.streaming.minBatchesToRetain": "2"}
    ours = _configuration(settings, given)
    assert ours["spark.sql.session.timeZone"] == "UTC"
    assert ours["spark.sql.streaming.minBatchesToRetain"] == "100"
    more = _configuration(settings, {"spark.sql.streaming.minBatchesToRetain": "500"})
    assert more["spark.sql.streaming.minBatchesToRetain"] == "500"


def test_what_spark_submit_is_given_reaches_the_session(spark: SparkSession) -> None:
    # The session of the tests is started with it.
    assert spark.conf.get("spark.sql.files.minPartitionNum") == "7"
    assert spark.conf.get("spark.sql.files.maxRecordsPerFile") == "0"
    assert spark.conf.get("spark.sql.ui.explainMode") == "simple"
    assert spark.sparkContext._jsc.sc().getConf().get("spark.log.level") == "WARN"  # type: ignore[attr-defined]


_CODE = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")


def test_few_rows_are_read_back_in_one_part_and_many_in_a_dozen(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = "spark.sql.files.minPartitionNum"
    session = spark.newSession()
    # The session of the tests is given another number, which stays.
    tune_for_size(session, True)
    assert session.conf.get(parts) == "7"
    monkeypatch.setattr(SparkConf, "contains", lambda *_: False)
    tune_for_size(session, True)
    assert session.conf.get(parts) == "12"
    tune_for_size(session, False)
    assert session.conf.get(parts) == "1"


def test_code_is_generated_or_not(spark: SparkSession) -> None:
    session = spark.newSession()
    tune_for_size(session, False)
    assert [session.conf.get(name) for name in _CODE] == ["false", "NO_CODEGEN"]
    assert session.conf.get("spark.sql.subexpressionElimination.enabled") == "false"
    tune_for_size(session, True)
    assert [session.conf.get(name) for name in _CODE] == ["true", "FALLBACK"]


def test_the_operator_decides_about_code(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SparkConf, "contains", lambda _, name: name == _CODE[0])
    session = spark.newSession()
    tune_for_size(session, False)
    assert [session.conf.get(name) for name in _CODE] == ["true", "NO_CODEGEN"]
