"""Half a checkpoint, as a power cut may leave it: recovered where no record is lost or doubled by it, else
refused with the file's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import pytest
from pyspark.sql import SparkSession

from medallion.checkpoint_repair import CheckpointRepair
from medallion.errors import EXIT_REFUSED, JobError
from medallion.gold_state import GoldStates
from medallion.hadoop_files import HadoopFiles
from medallion.medallion_batch import MedallionBatch
from medallion.offset_log import OffsetLog
from medallion.topic import Topic
from tests.outputs import GOOD, SOURCE, batch, plan_batch, published
from tests.test_source_record import commit_batch

TORN = ["", "v1\n", 'v1\n{"bat', "\0" * 40]


def topic(earliest: int = 0) -> Topic:
    return Topic("t", "id-1", {"0": earliest}, {"0": 99}, {"0": 99})


def repair(spark: SparkSession, root: Path, earliest: int = 0) -> None:
    files = HadoopFiles(spark, str(root))
    CheckpointRepair(files, OffsetLog(files, "medallion", {"0": 0}), topic(earliest)).run()


def refused(spark: SparkSession, root: Path, name: str, earliest: int = 0) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(JobError, match=f"{name} is missing, empty or torn") as caught:
        repair(spark, root, earliest)
    assert caught.value.exit_code == EXIT_REFUSED
    assert "npm run reset -- --keep-topic" in caught.value.hint
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.fixture
def root(spark: SparkSession, tmp_path: Path) -> Path:
    """Two batches of two records; the second one is not committed."""
    files = HadoopFiles(spark, str(tmp_path))
    log = OffsetLog(files, "medallion", {"0": 0})
    job = MedallionBatch(files, log, GoldStates(files, 100), SOURCE, 0)
    for batch_id in range(2):
        plan_batch(tmp_path, "medallion", batch_id, {"0": 2 * (batch_id + 1)})
        job.write(batch(spark, [GOOD, "x"], 2 * batch_id), batch_id)
    commit_batch(tmp_path, 0)
    start = tmp_path / "_chk/medallion/sources/0/0"
    start.parent.mkdir(parents=True)
    start.write_text("\0v1\n" + json.dumps({"t": {"0": 0}}))
    (tmp_path / "_chk/medallion/metadata").write_text('{"id":"one"}')
    return tmp_path


def of_batch(root: Path, batch_id: int) -> list[str]:
    return [name for name in published(root) if f"_{batch_id}." in name]


def test_a_whole_checkpoint_stays_as_it_is(spark: SparkSession, root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    repair(spark, root)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", TORN)
def test_a_batch_whose_entry_is_torn_is_planned_again_and_what_it_published_goes(
    spark: SparkSession, root: Path, content: str
) -> None:
    committed = of_batch(root, 0)
    (root / "_chk/medallion/offsets/1").write_text(content)
    repair(spark, root)
    assert published(root) == committed
    assert not (root / "_chk/medallion/offsets/1").exists()
    assert sorted(path.stem for path in (root / "_chk/gold").glob("*.json")) == ["0"]
    # Planned anew it has another time, and may have another end.
    plan_batch(root, "medallion", 1, {"0": 5}, time_ms=1767225660000)
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "medallion", {"0": 0})
    MedallionBatch(files, log, GoldStates(files, 100), SOURCE, 0).write(batch(spark, [GOOD] * 3, 2), 1)
    rows = spark.read.parquet(str(root / "bronze")).select("offset").collect()
    assert sorted(row[0] for row in rows) == [0, 1, 2, 3, 4]


def test_what_the_topic_no_longer_has_is_not_given_up(spark: SparkSession, root: Path) -> None:
    (root / "_chk/medallion/offsets/1").write_text("")
    refused(spark, root, "offsets/1", earliest=3)


def test_the_entry_of_a_committed_batch_cannot_be_recovered(spark: SparkSession, root: Path) -> None:
    (root / "_chk/medallion/offsets/0").write_text("")
    refused(spark, root, "offsets/0")
    (root / "_chk/medallion/offsets/1").unlink()
    refused(spark, root, "offsets/0")
    (root / "_chk/medallion/offsets/0").unlink()
    refused(spark, root, "offsets/0")


@pytest.mark.parametrize("content", TORN)
def test_a_batch_whose_commit_is_torn_runs_again(spark: SparkSession, root: Path, content: str) -> None:
    before = published(root)
    commit_batch(root, 1, content)
    repair(spark, root)
    assert not (root / "_chk/medallion/commits/1").exists()
    assert (root / "_chk/medallion/commits/0").exists()
    assert published(root) == before


def test_two_torn_commits_are_refused(spark: SparkSession, root: Path) -> None:
    commit_batch(root, 0, "")
    commit_batch(root, 1, "")
    with pytest.raises(JobError, match="commits/0 is missing, empty or torn"):
        repair(spark, root)


@pytest.mark.parametrize("name", ["1.json", "1.parquet"])
@pytest.mark.parametrize("content", ["", "{", None])
def test_a_batch_whose_state_of_gold_is_torn_runs_again(
    spark: SparkSession, root: Path, name: str, content: Optional[str]
) -> None:
    commit_batch(root, 1)
    path = root / "_chk/gold" / name
    path.unlink() if content is None else path.write_text(content)
    repair(spark, root)
    assert not (root / "_chk/medallion/commits/1").exists()


def test_a_state_of_gold_that_no_batch_can_make_again_is_refused(spark: SparkSession, root: Path) -> None:
    (root / "_chk/gold/0.json").write_text("")
    # Batch 1 is planned already, and begins with it.
    refused(spark, root, "gold/0.json")
    commit_batch(root, 1)
    (root / "_chk/gold/1.json").write_text("")
    refused(spark, root, "gold/1.json")


def test_a_state_of_gold_whose_records_are_gone_is_refused(spark: SparkSession, root: Path) -> None:
    commit_batch(root, 1)
    (root / "_chk/gold/1.json").write_text("")
    refused(spark, root, "gold/1.json", earliest=3)


@pytest.mark.parametrize("content", ["", "\0v1\n", "\0" * 30])
def test_the_first_offsets_are_those_of_the_record(spark: SparkSession, root: Path, content: str) -> None:
    path = root / "_chk/medallion/sources/0/0"
    path.write_text(content)
    repair(spark, root)
    assert path.read_text().strip() == "\0v1\n" + json.dumps({"t": {"0": 0}})


def test_a_torn_id_of_the_query_goes(spark: SparkSession, root: Path) -> None:
    path = root / "_chk/medallion/metadata"
    path.write_text("")
    repair(spark, root)
    assert not path.exists()
