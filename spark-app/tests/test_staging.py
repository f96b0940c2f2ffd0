"""Attempts at the same batch have separate staging folders, which are removed when they can no
longer commit.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_REFUSED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from medallion.sinks.single_file import SingleFileStaging
from medallion.sinks.staging import ABANDONED_AFTER_MS, StagingFolder
from tests.outputs import GOOD, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


def job(spark: SparkSession, root: Path) -> Ingest:
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    return Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0)


def attempts(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "_staging/ingest").iterdir())


def leave(root: Path, attempt: str, age_s: float = 0.0) -> Path:
    """The folder of another attempt, whose newest file has this age."""
    file = root / "_staging/ingest" / attempt / "rows/is_silver=true/part-00000-left.snappy.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    written = file.stat().st_mtime - age_s
    for path in (file, *file.parents[:3]):
        os.utime(path, (written, written))
    return file


def commit(root: Path, batch_id: int) -> None:
    folder = root / "_chk/ingest/commits"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(batch_id)).write_text('v1\n{"nextBatchWatermarkMs":0}')


def test_what_another_attempt_stages_meanwhile_is_not_committed(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = SingleFileStaging.write_rows

    def and_a_late_executor(self: SingleFileStaging, records: object) -> None:
        work(self, records)  # type: ignore[arg-type]
        (part,) = (root / self.committer.folder).glob("rows/is_silver=*/part-*")
        # A task of the dead driver's attempt at the same batch ends only now.
        late = root / "_staging/ingest/0-of-the-dead-driver/rows" / part.parent.name / part.name
        late.parent.mkdir(parents=True)
        late.write_bytes(part.read_bytes())

    monkeypatch.setattr(SingleFileStaging, "write_rows", and_a_late_executor)
    plan_batch(root, "ingest", 0, {"0": 1})
    counts = job(spark, root).write(batch(spark, [GOOD]), 0)
    assert counts.rows["bronze"] == counts.rows["silver"] == 1
    assert attempts(root) == ["0-of-the-dead-driver"]


def test_attempts_at_committed_batches_are_removed_and_those_at_work_are_not(
    spark: SparkSession, root: Path
) -> None:
    leave(root, "0-of-a-dead-driver")
    leave(root, "0")
    leave(root, "1-of-another-driver")
    leave(root, "2-of-a-driver-ahead")
    commit(root, 0)
    files = HadoopFiles(spark, str(root))
    staging = StagingFolder(files, "ingest", 1)
    staging.remove_others(OffsetLog(files, "ingest"))
    own = staging.folder.split("/")[-1]
    assert attempts(root) == sorted([own, "1-of-another-driver", "2-of-a-driver-ahead"])


def test_an_abandoned_attempt_is_removed_by_the_clock_of_the_storage(spark: SparkSession, root: Path) -> None:
    hour_s = ABANDONED_AFTER_MS / 1000
    leave(root, "1-of-an-hour-ago", hour_s + 60)
    leave(root, "1-of-just-now", hour_s - 60)
    kept = leave(root, "1-with-a-new-file", hour_s + 60)
    kept.with_name("part-00001-new.snappy.parquet").write_bytes(b"new")
    files = HadoopFiles(spark, str(root))
    staging = StagingFolder(files, "ingest", 1)
    staging.remove_others(OffsetLog(files, "ingest"))
    assert attempts(root) == sorted([staging.folder.split("/")[-1], "1-of-just-now", "1-with-a-new-file"])


def test_a_batch_that_fails_leaves_nothing_in_staging(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(SingleFileStaging, "stage_bronze", full)
    plan_batch(root, "ingest", 0, {"0": 1})
    with pytest.raises(OSError, match="no space left"):
        job(spark, root).write(batch(spark, [GOOD]), 0)
    assert attempts(root) == []


@pytest.mark.parametrize("rows_of_one_task", [20_000, 1])
@pytest.mark.parametrize("what", ["committed", "planned otherwise", "cleaned away"])
def test_a_batch_that_another_driver_has_taken_over_commits_nothing(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch, what: str, rows_of_one_task: int
) -> None:
    work = SingleFileStaging.write_rows

    def while_another_driver_is_at_it(self: SingleFileStaging, records: object) -> None:
        work(self, records)  # type: ignore[arg-type]
        if what == "committed":
            commit(root, 0)
        elif what == "planned otherwise":
            plan_batch(root, "ingest", 0, {"0": 5})
        else:
            (root / "_chk/ingest/offsets/0").unlink()

    monkeypatch.setattr(SingleFileStaging, "write_rows", while_another_driver_is_at_it)
    monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", rows_of_one_task)
    plan_batch(root, "ingest", 0, {"0": 2})
    with pytest.raises(JobError, match="another driver works on the checkpoint") as caught:
        job(spark, root).write(batch(spark, [GOOD, "x"]), 0)
    assert caught.value.exit_code == EXIT_REFUSED
    assert output_files(root) == []
    assert not (root / "_chk/_pruned").exists()
