from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.retention import prune
from medallion.sinks.naming import SILVER
from tests.outputs import plan_batch


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "silver").mkdir()
    for batch_id in range(12):
        (tmp_path / "silver" / f"silver_20260101_0000{batch_id:02d}_{batch_id}.parquet").touch()
        plan_batch(tmp_path, "ingest", batch_id, {"0": batch_id * 10, "1": 5})
    return tmp_path


def run(spark: SparkSession, root: Path, keep: int) -> int:
    files = HadoopFiles(spark, str(root))
    return prune(files, OffsetLog(files, "ingest"), SILVER, keep)


def kept(root: Path) -> list[int]:
    return sorted(int(path.stem.rsplit("_", 1)[1]) for path in (root / "silver").iterdir())


def record(root: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((root / "_chk/_pruned/silver.json").read_text())
    return content


def test_the_newest_files_stay_and_what_went_is_recorded(spark: SparkSession, root: Path) -> None:
    assert run(spark, root, 3) == 9
    # By number, not by name: batch 10 is younger than batch 9.
    assert kept(root) == [9, 10, 11]
    assert record(root) == {
        "sink": "silver",
        "through_batch": 8,
        "offsets": {"0": 80, "1": 5},
        "files": 9,
        "rows": None,
    }


def test_a_clock_that_was_set_back_does_not_make_the_newest_files_the_oldest(
    spark: SparkSession, root: Path
) -> None:
    for batch_id in range(4):
        old = root / "silver" / f"silver_20260101_0000{batch_id:02d}_{batch_id}.parquet"
        old.rename(root / "silver" / f"silver_20990101_0000{batch_id:02d}_{batch_id}.parquet")
    assert run(spark, root, 3) == 9
    assert kept(root) == [9, 10, 11]
    assert record(root) == {
        "sink": "silver",
        "through_batch": 8,
        "offsets": {"0": 80, "1": 5},
        "files": 9,
        "rows": None,
    }


def test_rows_that_went_are_counted(spark: SparkSession, root: Path) -> None:
    for batch_id in range(12):
        written = root / "written"
        spark.range(batch_id + 1).coalesce(1).write.mode("overwrite").parquet(str(written))
        [part] = written.glob("part-*.parquet")
        part.replace(root / "silver" / f"silver_20260101_0000{batch_id:02d}_{batch_id}.parquet")
    run(spark, root, 6)
    assert record(root)["rows"] == 1 + 2 + 3 + 4 + 5 + 6
    run(spark, root, 5)
    assert (record(root)["files"], record(root)["rows"]) == (7, 28)
    # A file that cannot be read is deleted, too; the number of pruned rows is then unknown.
    (root / "silver" / "silver_20260101_000007_7.parquet").write_bytes(b"")
    assert run(spark, root, 4) == 1
    assert run(spark, root, 3) == 1
    assert (record(root)["files"], record(root)["rows"]) == (9, None)


def test_zero_keeps_everything(spark: SparkSession, root: Path) -> None:
    assert run(spark, root, 0) == 0
    assert kept(root) == list(range(12))
    assert not (root / "_chk/_pruned").exists()


def test_files_of_other_names_are_never_pruned(spark: SparkSession, root: Path) -> None:
    others = ["notes.txt", "silver_20260101_000000_0.parquet.bak", "gold_20260101_000000_0.parquet"]
    for name in others:
        (root / "silver" / name).touch()
    run(spark, root, 1)
    names = {path.name for path in (root / "silver").iterdir()}
    assert names == {*others, "silver_20260101_000011_11.parquet"}


def test_a_crash_between_record_and_deletion_counts_no_file_twice(spark: SparkSession, root: Path) -> None:
    run(spark, root, 6)
    (root / "silver" / "silver_20260101_000002_2.parquet").touch()
    assert run(spark, root, 6) == 1
    assert record(root)["files"] == 6
    run(spark, root, 5)
    assert record(root) == {
        "sink": "silver",
        "through_batch": 6,
        "offsets": {"0": 60, "1": 5},
        "files": 7,
        "rows": None,
    }


def test_offsets_are_null_when_the_log_no_longer_reaches_back(spark: SparkSession, root: Path) -> None:
    (root / "_chk/ingest/offsets/8").unlink()
    run(spark, root, 3)
    assert record(root)["offsets"] is None


@pytest.mark.parametrize("content", ["", "{", "null", "\0\0\0"])
def test_a_torn_record_is_replaced_by_the_next_one(spark: SparkSession, root: Path, content: str) -> None:
    (root / "_chk/_pruned").mkdir()
    (root / "_chk/_pruned/silver.json").write_text(content)
    run(spark, root, 3)
    assert record(root)["through_batch"] == 8


def test_the_parts_of_a_batch_count_as_one_file_and_go_together(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "silver").mkdir()
    (tmp_path / "silver" / "silver_20260101_000000_0.parquet").touch()
    parts = [
        f"silver_20260101_0000{batch:02d}_{batch}_{part}.parquet" for batch in (1, 2, 3) for part in (0, 10)
    ]
    for name in parts:
        (tmp_path / "silver" / name).touch()
    for batch_id in range(4):
        plan_batch(tmp_path, "ingest", batch_id, {"0": batch_id * 10})
    files = HadoopFiles(spark, str(tmp_path))
    log = OffsetLog(files, "ingest")
    asked: list[list[str]] = []

    def read(names: list[str]) -> set[str]:
        """All but the last part of batch 2."""
        asked.append(names)
        return set(names) - {parts[3]}

    assert prune(files, log, SILVER, 1, read) == 3
    assert asked == [["silver_20260101_000000_0.parquet", *parts[:4]]]
    assert sorted(files.names("silver")) == parts[2:]
    assert (record(tmp_path)["through_batch"], record(tmp_path)["files"]) == (1, 3)
    assert prune(files, log, SILVER, 2) == 0
    assert prune(files, log, SILVER, 1) == 2
    assert sorted(files.names("silver")) == parts[4:]
    assert (record(tmp_path)["through_batch"], record(tmp_path)["files"]) == (2, 5)
