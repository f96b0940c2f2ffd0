from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_REFUSED, EXIT_SETTINGS, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.naming import QUERY
from medallion.source_record import mark_started, open_source
from medallion.topic import Topic
from tests.outputs import plan_batch

TOPIC = Topic("t", "id-1", {"0": 5, "1": 0}, latest={"0": 9, "1": 2}, log_end={"0": 10, "1": 2})


def fix_start(root: Path, query: str) -> None:
    (root / "_chk" / query / "sources" / "0").mkdir(parents=True)
    (root / "_chk" / query / "sources" / "0" / "0").touch()


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> HadoopFiles:
    return HadoopFiles(spark, str(tmp_path))


@pytest.fixture
def running(files: HadoopFiles, tmp_path: Path) -> Path:
    record = open_source(files, TOPIC, "earliest")
    fix_start(tmp_path, QUERY)
    plan_batch(tmp_path, QUERY, 3, {"0": 9, "1": 2})
    mark_started(files, record)
    (tmp_path / "silver").mkdir()
    (tmp_path / "silver" / "silver_20260101_000000_3.parquet").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("earliest", {"0": 5, "1": 0}),
        ("latest", {"0": 9, "1": 2}),
        ('{"t":{"0":7,"1":-1}}', {"0": 7, "1": 2}),
        ('{"t":{"0":-2,"1":1}}', {"0": 5, "1": 1}),
    ],
)
def test_the_start_is_resolved_once(files: HadoopFiles, setting: str, expected: dict[str, int]) -> None:
    assert open_source(files, TOPIC, setting).starting_offsets == expected
    later = Topic("t", "id-1", {"0": 6, "1": 0}, {"0": 99, "1": 99}, {"0": 99, "1": 99})
    assert open_source(files, later, "latest").starting_offsets == expected


def test_offsets_for_other_partitions_are_refused(files: HadoopFiles) -> None:
    with pytest.raises(JobError, match="names partitions 0 of t") as caught:
        open_source(files, TOPIC, '{"t":{"0":1}}')
    assert caught.value.exit_code == EXIT_SETTINGS


def refused(files: HadoopFiles, topic: Topic, match: str) -> None:
    with pytest.raises(JobError, match=match) as caught:
        open_source(files, topic, "earliest")
    assert caught.value.exit_code == EXIT_REFUSED
    assert "npm run reset" in caught.value.hint


def test_outputs_that_fit_are_taken_up_again(files: HadoopFiles, running: Path) -> None:
    assert open_source(files, TOPIC, "earliest").query_started


def test_a_recreated_topic_is_refused(files: HadoopFiles, running: Path) -> None:
    refused(files, replace(TOPIC, topic_id="id-2"), "deleted and created again")


def test_outputs_of_another_topic_are_refused(files: HadoopFiles, running: Path) -> None:
    refused(files, replace(TOPIC, name="u"), "made from topic t, not u")


def test_files_without_any_checkpoint_are_refused(files: HadoopFiles, running: Path) -> None:
    shutil.rmtree(running / "_chk")
    refused(files, TOPIC, "its checkpoint is not there")


def test_files_younger_than_the_checkpoint_are_refused(files: HadoopFiles, running: Path) -> None:
    (running / "_chk/medallion/offsets/3").rename(running / "_chk/medallion/offsets/2")
    refused(files, TOPIC, "ends with batch 2")


def test_a_lost_checkpoint_is_refused(files: HadoopFiles, running: Path) -> None:
    shutil.rmtree(running / "_chk" / QUERY)
    refused(files, TOPIC, "the checkpoint .* is gone")


def test_lost_windows_of_gold_are_refused(files: HadoopFiles, running: Path) -> None:
    (running / "_chk" / QUERY / "commits").mkdir()
    (running / "_chk" / QUERY / "commits" / "2").touch()
    refused(files, TOPIC, "gold's open windows after batch 2 are not in")
    (running / "_chk" / "gold").mkdir()
    (running / "_chk" / "gold" / "2.json").touch()
    assert open_source(files, TOPIC, "earliest").query_started


def test_a_checkpoint_without_its_record_is_refused(files: HadoopFiles, running: Path) -> None:
    (running / "_chk/_source.json").unlink()
    refused(files, TOPIC, "no _source.json")


def test_a_crash_before_the_start_is_noted_locks_nobody_out(files: HadoopFiles, tmp_path: Path) -> None:
    open_source(files, TOPIC, "earliest")
    fix_start(tmp_path, "medallion")
    plan_batch(tmp_path, "medallion", 0, {"0": 9, "1": 2})
    (tmp_path / "bronze").mkdir()
    (tmp_path / "bronze" / "bronze_20260101_000000_0.parquet").touch()
    assert open_source(files, TOPIC, "latest").starting_offsets == TOPIC.earliest
