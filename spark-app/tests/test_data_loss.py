"""The errors for a topic that no longer has the records that the query has to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_REFUSED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.source_manifest import SourceManifest, loss_of
from medallion.topic import Topic
from tests.outputs import plan_batch

RECORD = SourceManifest("t", "id-1", {"0": 3, "1": 0}, True)


def topic(earliest: dict[str, int], log_end: dict[str, int], topic_id: str = "id-1") -> Topic:
    # What an open transaction hides is not lost: `latest` is where it begins.
    return Topic("t", topic_id, earliest, latest=earliest, log_end=log_end)


@pytest.fixture
def log(spark: SparkSession, tmp_path: Path) -> OffsetLog:
    plan_batch(tmp_path, "ingest", 0, {"0": 10, "1": 5})
    # Planned, not committed: its records may never have been read.
    plan_batch(tmp_path, "ingest", 1, {"0": 20, "1": 5})
    commits = tmp_path / "_chk/ingest/commits"
    commits.mkdir()
    (commits / "0").write_text("v1\n{}")
    return OffsetLog(HadoopFiles(spark, str(tmp_path)), "ingest")


def test_offsets_that_went_unread_are_named(log: OffsetLog) -> None:
    error = loss_of(topic({"0": 15, "1": 5, "2": 2}, {"0": 30, "1": 5, "2": 4}), RECORD, log)
    assert error is not None
    assert error.exit_code == EXIT_REFUSED
    assert error.sentence.endswith("offsets 10 to 14 of partition 0, 0 to 1 of partition 2")
    assert "FAIL_ON_DATA_LOSS=false" in error.hint


def test_a_topic_that_ends_before_what_was_read_has_lost_records(log: OffsetLog) -> None:
    error = loss_of(topic({"0": 0, "1": 0}, {"0": 9, "1": 5}), RECORD, log)
    assert error is not None
    assert error.exit_code == EXIT_REFUSED
    assert error.sentence.endswith("partition 0 ends at 9, and 10 were read")


def test_what_was_read_may_go(log: OffsetLog) -> None:
    assert loss_of(topic({"0": 10, "1": 5}, {"0": 30, "1": 5}), RECORD, log) is None


def test_without_a_commit_the_start_offsets_count(spark: SparkSession, tmp_path: Path) -> None:
    log = OffsetLog(HadoopFiles(spark, str(tmp_path)), "ingest")
    assert loss_of(topic({"0": 3, "1": 0}, {"0": 30, "1": 5}), RECORD, log) is None
    error = loss_of(topic({"0": 4, "1": 0}, {"0": 30, "1": 5}), RECORD, log)
    assert error is not None
    assert "offsets 3 to 3 of partition 0" in error.sentence


def test_a_recreated_topic_is_refused_whatever_its_offsets(log: OffsetLog) -> None:
    with pytest.raises(JobError, match="deleted and created again") as raised:
        loss_of(topic({"0": 0, "1": 0}, {"0": 99, "1": 99}, "id-2"), RECORD, log)
    assert raised.value.exit_code == EXIT_REFUSED
