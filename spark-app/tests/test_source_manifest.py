from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_REFUSED, EXIT_SETTINGS, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.sinks.naming import INGEST
from medallion.source_manifest import mark_started, open_source
from medallion.topic import Topic
from tests.outputs import plan_batch

TOPIC = Topic("t", "id-1", {"0": 5, "1": 0}, latest={"0": 9, "1": 2}, log_end={"0": 10, "1": 2})


def fix_start(root: Path, query: str) -> None:
    (root / "_chk" / query / "sources" / "0").mkdir(parents=True)
    (root / "_chk" / query / "sources" / "0" / "0").write_text('\0v1\n{"t":{"0":5,"1":0}}')


def commit_batch(root: Path, batch_id: int, content: str = 'v1\n{"nextBatchWatermarkMs":0}') -> None:
    folder = root / "_chk" / INGEST / "commits"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(batch_id)).write_text(content)


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> HadoopFiles:
    return HadoopFiles(spark, str(tmp_path))


@pytest.fixture
def running(files: HadoopFiles, tmp_path: Path) -> Path:
    record = open_source(files, TOPIC, "earliest", ["gold"])
    fix_start(tmp_path, INGEST)
    for batch_id in (1, 2, 3):
        plan_batch(tmp_path, INGEST, batch_id, {"0": 9, "1": 2})
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
    assert open_source(files, TOPIC, setting, ["gold"]).starting_offsets == expected
    later = Topic("t", "id-1", {"0": 6, "1": 0}, {"0": 99, "1": 99}, {"0": 99, "1": 99})
    assert open_source(files, later, "latest", ["gold"]).starting_offsets == expected


def test_offsets_for_other_partitions_are_refused(files: HadoopFiles) -> None:
    with pytest.raises(JobError, match="names partitions 0 of t") as caught:
        open_source(files, TOPIC, '{"t":{"0":1}}', ["gold"])
    assert caught.value.exit_code == EXIT_SETTINGS


def refused(files: HadoopFiles, topic: Topic, match: str) -> None:
    with pytest.raises(JobError, match=match) as caught:
        open_source(files, topic, "earliest", ["gold"])
    assert caught.value.exit_code == EXIT_REFUSED
    assert "npm run reset" in caught.value.hint


def test_outputs_that_fit_are_taken_up_again(files: HadoopFiles, running: Path) -> None:
    assert open_source(files, TOPIC, "earliest", ["gold"]).query_started


def test_a_recreated_topic_is_refused(files: HadoopFiles, running: Path) -> None:
    refused(files, replace(TOPIC, topic_id="id-2"), "deleted and created again")


def test_outputs_of_another_topic_are_refused(files: HadoopFiles, running: Path) -> None:
    refused(files, replace(TOPIC, name="u"), "made from topic t, not u")


def test_files_without_any_checkpoint_are_refused(files: HadoopFiles, running: Path) -> None:
    shutil.rmtree(running / "_chk")
    refused(files, TOPIC, "its checkpoint is not there")


def test_files_younger_than_the_checkpoint_are_refused(files: HadoopFiles, running: Path) -> None:
    (running / "_chk/ingest/offsets/3").rename(running / "_chk/ingest/offsets/2")
    refused(files, TOPIC, "ends with batch 2")


def test_a_lost_checkpoint_is_refused(files: HadoopFiles, running: Path) -> None:
    shutil.rmtree(running / "_chk" / INGEST)
    refused(files, TOPIC, "the checkpoint .* is gone")


def test_gold_files_without_the_checkpoint_of_their_table_are_refused(
    files: HadoopFiles, running: Path
) -> None:
    plan_batch(running, "gold", 0, {})
    (running / "gold").mkdir()
    (running / "gold/gold_20260101_000000_0.parquet").touch()
    assert open_source(files, TOPIC, "earliest", ["gold"]).query_started
    shutil.rmtree(running / "_chk/gold")
    refused(files, TOPIC, "gold_20260101_000000_0.parquet, but the checkpoint in .*/_chk/gold is not there")
    # Another table may be new, and the folder is not its folder.
    assert open_source(files, TOPIC, "earliest", ["hourly"]).query_started


def test_a_checkpoint_without_its_record_is_refused(files: HadoopFiles, running: Path) -> None:
    (running / "_chk/_source.json").unlink()
    refused(files, TOPIC, "no _source.json")


def test_a_crash_before_the_start_is_recorded_blocks_no_later_start(
    files: HadoopFiles, tmp_path: Path
) -> None:
    open_source(files, TOPIC, "earliest", ["gold"])
    fix_start(tmp_path, "ingest")
    plan_batch(tmp_path, "ingest", 0, {"0": 9, "1": 2})
    (tmp_path / "bronze").mkdir()
    (tmp_path / "bronze" / "bronze_20260101_000000_0.parquet").touch()
    assert open_source(files, TOPIC, "latest", ["gold"]).starting_offsets == TOPIC.earliest


def test_partitions_that_are_added_before_the_first_batch_are_read_from_their_start(
    files: HadoopFiles, tmp_path: Path
) -> None:
    open_source(files, TOPIC, "latest", ["gold"])
    more = replace(TOPIC, earliest={"0": 5, "1": 0, "2": 0}, latest={"0": 99, "1": 99, "2": 7})
    for _ in range(2):
        assert open_source(files, more, "latest", ["gold"]).starting_offsets == {**TOPIC.latest, "2": 0}
    fix_start(tmp_path, INGEST)
    # From now on the checkpoint has the start offsets.
    most = replace(more, earliest={**more.earliest, "3": 0})
    assert open_source(files, most, "latest", ["gold"]).starting_offsets == {**TOPIC.latest, "2": 0}


@pytest.mark.parametrize("content", ["", "{", '{"topic":"t"}', "\0\0"])
def test_a_torn_record_of_the_source_is_refused_by_name(
    files: HadoopFiles, running: Path, content: str
) -> None:
    (running / "_chk/_source.json").write_text(content)
    refused(files, TOPIC, "_chk/_source.json is missing, empty or torn")


def test_a_torn_record_of_a_source_that_nothing_was_read_from_is_written_again(
    files: HadoopFiles, tmp_path: Path
) -> None:
    (tmp_path / "_chk").mkdir()
    (tmp_path / "_chk/_source.json").write_text("")
    assert open_source(files, TOPIC, "latest", ["gold"]).starting_offsets == TOPIC.latest
