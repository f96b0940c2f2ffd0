"""A batch is committed whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Optional

import pytest
from pyspark.sql import DataFrame, SparkSession

from medallion.errors import EXIT_FAILED, EXIT_REFUSED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest, Source
from medallion.offset_log import OffsetLog, Range
from medallion.sinks.file_committer import StagedFiles
from medallion.sinks.naming import QUARANTINE
from medallion.sinks.single_file import SingleFileStaging
from medallion.topic import Found
from tests.outputs import GOOD, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(params=[20_000, 1], ids=["small", "large"], autouse=True)
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", request.param)


def write(
    spark: SparkSession,
    root: Path,
    values: list[Optional[str]],
    planned: int,
    source: Source = SOURCE,
    files: Optional[HadoopFiles] = None,
) -> dict[str, int]:
    plan_batch(root, "ingest", 0, {"0": planned})
    files = files or HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    return Ingest(TRANSACTIONS, parsed_rows, files, log, source, 0).write(batch(spark, values), 0).rows


def topic(records: int, first: int = 0, accepts_loss: bool = False) -> Source:
    def lookup(ranges: dict[str, Range]) -> dict[str, Found]:
        assert set(ranges) == {"0"}
        return {"0": Found(records, first)}

    return replace(SOURCE, lookup=lookup, accepts_loss=accepts_loss)


def refused(root: Path, error: JobError, *parts: str) -> None:
    assert [part for part in ("batch 0 is not whole", *parts) if part not in error.sentence] == []
    assert output_files(root) == []


def test_fewer_rows_than_records_in_the_topic_are_refused(spark: SparkSession, root: Path) -> None:
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x"], 5, topic(3))
    assert caught.value.exit_code == EXIT_FAILED
    counts = "5 records planned and 2 rows in bronze"
    refused(root, caught.value, counts, "3 records at offsets 0 to 4 of partition 0, bronze 2")


def test_offsets_without_a_record_are_no_loss(spark: SparkSession, root: Path) -> None:
    """Control records, aborted records, and records that compaction removed."""
    assert write(spark, root, [GOOD, "x"], 5, topic(2))["bronze"] == 2


def test_a_batch_of_nothing_but_control_records_is_whole(spark: SparkSession, root: Path) -> None:
    assert write(spark, root, [], 5, topic(0))["bronze"] == 0


def test_a_record_that_was_compacted_after_it_was_read_is_no_difference(
    spark: SparkSession, root: Path
) -> None:
    assert write(spark, root, [GOOD, "x"], 5, topic(1))["bronze"] == 2


def test_records_that_retention_took_are_a_loss_unless_that_is_accepted(
    spark: SparkSession, root: Path
) -> None:
    # Offsets 0 and 1 were read, of 2 to 4 the topic has none left.
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x"], 5, topic(0, first=5))
    refused(root, caught.value, "no more offsets 0 to 4 of partition 0")
    assert write(spark, root, [GOOD, "x"], 5, topic(0, first=5, accepts_loss=True))["bronze"] == 2


def test_records_that_retention_took_after_they_were_read_are_no_loss(
    spark: SparkSession, root: Path
) -> None:
    # Offsets 0 to 2 were read, 3 is a control record, and the topic begins at 2 by now.
    assert write(spark, root, [GOOD, "x", "y"], 4, topic(1, first=2))["bronze"] == 3


def test_a_loss_is_found_behind_what_retention_took(spark: SparkSession, root: Path) -> None:
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x", "y"], 5, topic(2, first=2, accepts_loss=True))
    refused(root, caught.value, "2 records at offsets 2 to 4 of partition 0, bronze 1")


def test_more_rows_than_offsets_are_refused(spark: SparkSession, root: Path) -> None:
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x"], 1)
    refused(root, caught.value, "1 records planned and 2 rows in bronze")


def test_a_row_that_is_neither_in_silver_nor_in_quarantine_is_refused(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SingleFileStaging, "stage_quarantine", lambda self: StagedFiles(QUARANTINE, 0))
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x", "y"], 3)
    refused(root, caught.value, "3 rows in bronze, 1 in silver and 0 in quarantine")


def damaged_csv(root: Path, monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    """Damages what a task wrote, or in a small batch the lines that the driver writes."""
    write_csv, join_text = SingleFileStaging.write_csv, HadoopFiles.join_text

    def parts_damaged(self: SingleFileStaging) -> list[str]:
        lines = write_csv(self)
        for part in (root / self.committer.folder / "raw_csv").glob("part-*"):
            part.write_bytes(damage(part.read_bytes()))
        return lines

    def lines_damaged(self: HadoopFiles, first: str, sources: list[str], target: str) -> None:
        header, lines = first.split("\n", 1)
        join_text(self, header + "\n" + damage(lines.encode()).decode() if lines else first, sources, target)

    monkeypatch.setattr(SingleFileStaging, "write_csv", parts_damaged)
    monkeypatch.setattr(HadoopFiles, "join_text", lines_damaged)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: content.index(b"\n") + 1],
        lambda content: content[: content.index(b'"') + 1],
        lambda _: b"",
    ],
    ids=["without its last byte", "at a line end", "within quotes", "empty"],
)
def test_a_raw_csv_that_lacks_a_row_of_silver_is_refused(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch, damage: Any
) -> None:
    damaged_csv(root, monkeypatch, damage)
    quoted = GOOD.replace('a \\"b\\", c', 'a\\n\\"b\\"\\n')
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, quoted, GOOD], 3)
    refused(root, caught.value, "3 rows in silver and", "in raw_csv")


def test_line_ends_within_quotes_make_no_record(spark: SparkSession, root: Path) -> None:
    quoted = GOOD.replace('a \\"b\\", c', 'a\\n\\"b\\"\\r\\n\\"\\"')
    assert write(spark, root, [GOOD, quoted, quoted], 3)["raw_csv"] == 3


class OtherDisk(HadoopFiles):
    """The driver's view when executors write to a disk of their own: of their files it sees
    none.
    """

    def __init__(self, spark: SparkSession, root: Path, executors: Path) -> None:
        super().__init__(spark, str(root))
        self._executors = executors

    def uri(self, path: str = "") -> str:
        return f"{self._executors.as_uri()}/{path}" if path.startswith("_staging/") else super().uri(path)


def test_executors_that_write_to_a_disk_of_their_own_are_named(
    spark: SparkSession, root: Path, tmp_path: Path
) -> None:
    files = OtherDisk(spark, root, tmp_path / "executors")
    with pytest.raises(JobError) as caught:
        write(spark, root, [GOOD, "x"], 2, topic(2), files)
    assert caught.value.exit_code == EXIT_REFUSED
    refused(root, caught.value, "2 records planned and 0 rows in bronze", "on their own disk")
    assert "OUTPUT_PATH must be on storage that driver and executors share" in caught.value.hint


def test_records_are_written_by_several_tasks_when_they_are_large(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    seen: list[bool] = []
    work = SingleFileStaging.write_rows

    def noting(self: SingleFileStaging, records: DataFrame) -> None:
        seen.append(self.one_task)
        work(self, records)

    monkeypatch.setattr(SingleFileStaging, "write_rows", noting)
    monkeypatch.setattr("medallion.ingest.ONE_TASK_BYTES", 100_000)
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    job = Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0)
    # Nothing repeats in it, so it is as large in Parquet.
    letters = Random(1)
    large = "".join(chr(letters.randrange(33, 126)) for _ in range(60_000))
    for batch_id, values in enumerate([["x"] * 3, [large] * 3, [large] * 3]):
        plan_batch(root, "ingest", batch_id, {"0": 3 * (batch_id + 1)})
        job.write(batch(spark, values, 3 * batch_id), batch_id)
    # The size of a record in one batch applies to the next.
    assert seen == [True, True, False]
