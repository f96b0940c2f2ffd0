"""A checkpoint that a power cut has damaged: recovered where no record is lost or duplicated,
otherwise refused with the file's name.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.checkpoint_repair import IngestRepair
from medallion.errors import EXIT_REFUSED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from medallion.topic import Topic
from tests.outputs import GOOD, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS
from tests.test_source_manifest import commit_batch

TORN = ["", "v1\n", 'v1\n{"bat', "\0" * 40]


def topic(earliest: int = 0) -> Topic:
    return Topic("t", "id-1", {"0": earliest}, {"0": 99}, {"0": 99})


def repair(spark: SparkSession, root: Path, earliest: int = 0) -> None:
    files = HadoopFiles(spark, str(root))
    IngestRepair(files, OffsetLog(files, "ingest", {"0": 0}), topic(earliest)).run()


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
    log = OffsetLog(files, "ingest", {"0": 0})
    job = Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0)
    for batch_id in range(2):
        plan_batch(tmp_path, "ingest", batch_id, {"0": 2 * (batch_id + 1)})
        job.write(batch(spark, [GOOD, "x"], 2 * batch_id), batch_id)
    commit_batch(tmp_path, 0)
    start = tmp_path / "_chk/ingest/sources/0/0"
    start.parent.mkdir(parents=True)
    start.write_text("\0v1\n" + json.dumps({"t": {"0": 0}}))
    (tmp_path / "_chk/ingest/metadata").write_text('{"id":"one"}')
    for other in ("_pipeline.json", "_source.json"):
        (tmp_path / "_chk" / other).write_text("{}")
    return tmp_path


def of_batch(root: Path, batch_id: int) -> list[str]:
    return [name for name in output_files(root) if f"_{batch_id}." in name]


def test_a_whole_checkpoint_stays_as_it_is(spark: SparkSession, root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    repair(spark, root)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", TORN)
def test_a_batch_whose_entry_is_torn_is_planned_again_and_its_files_go(
    spark: SparkSession, root: Path, content: str
) -> None:
    committed = of_batch(root, 0)
    (root / "_chk/ingest/offsets/1").write_text(content)
    repair(spark, root)
    assert output_files(root) == committed
    assert not (root / "_chk/ingest/offsets/1").exists()
    # A batch that is planned again has another time, and may have another end.
    plan_batch(root, "ingest", 1, {"0": 5}, time_ms=1767225660000)
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0).write(batch(spark, [GOOD] * 3, 2), 1)
    rows = spark.read.parquet(str(root / "bronze")).select("offset").collect()
    assert sorted(row[0] for row in rows) == [0, 1, 2, 3, 4]


def test_a_batch_whose_silver_gold_has_read_is_not_planned_again(spark: SparkSession, root: Path) -> None:
    (root / "_chk/ingest/offsets/1").write_text("")
    (silver,) = [name for name in of_batch(root, 1) if name.startswith("silver/")]
    look = root / "_chk/gold/sources/0/0"
    look.parent.mkdir(parents=True)
    look.write_text("v1\n" + json.dumps({"path": f"file:///x/{silver}", "timestamp": 1, "batchId": 0}))
    refused(spark, root, "offsets/1")


def test_what_the_topic_no_longer_has_is_not_given_up(spark: SparkSession, root: Path) -> None:
    (root / "_chk/ingest/offsets/1").write_text("")
    refused(spark, root, "offsets/1", earliest=3)


def test_the_entry_of_a_committed_batch_cannot_be_recovered(spark: SparkSession, root: Path) -> None:
    (root / "_chk/ingest/offsets/0").write_text("")
    refused(spark, root, "offsets/0")
    (root / "_chk/ingest/offsets/1").unlink()
    refused(spark, root, "offsets/0")
    (root / "_chk/ingest/offsets/0").unlink()
    refused(spark, root, "offsets/0")


@pytest.mark.parametrize("content", TORN)
def test_a_batch_whose_commit_is_torn_runs_again(spark: SparkSession, root: Path, content: str) -> None:
    before = output_files(root)
    commit_batch(root, 1, content)
    repair(spark, root)
    assert not (root / "_chk/ingest/commits/1").exists()
    assert (root / "_chk/ingest/commits/0").exists()
    assert output_files(root) == before


def test_two_torn_commits_are_refused(spark: SparkSession, root: Path) -> None:
    commit_batch(root, 0, "")
    commit_batch(root, 1, "")
    with pytest.raises(JobError, match="commits/0 is missing, empty or torn"):
        repair(spark, root)


@pytest.mark.parametrize("content", ["", "\0v1\n", "\0" * 30])
def test_the_first_offsets_are_those_of_the_record(spark: SparkSession, root: Path, content: str) -> None:
    path = root / "_chk/ingest/sources/0/0"
    path.write_text(content)
    repair(spark, root)
    assert path.read_text().strip() == "\0v1\n" + json.dumps({"t": {"0": 0}})


def test_a_torn_id_of_the_query_goes(spark: SparkSession, root: Path) -> None:
    path = root / "_chk/ingest/metadata"
    path.write_text("")
    repair(spark, root)
    assert not path.exists()
