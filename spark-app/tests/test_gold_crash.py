"""A driver that dies before any step of a gold batch, and the restart of the query: the table is
the same as in a run without a crash.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Optional

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from medallion import gold_query
from medallion.errors import EXIT_REFUSED, JobError
from medallion.gold_query import GoldBatch
from medallion.hadoop_files import HadoopFiles
from medallion.sinks.file_committer import FileCommitter
from medallion.sinks.naming import Sink, file_name
from tests.gold_stream import GoldStream, put_silver
from tests.test_crash_and_replay import DyingFiles

# Events of five minutes each: each file closes the window before the last.
_MINUTES = ("00", "05", "10", "15", "20")


def put(spark: SparkSession, root: Path, batch_id: int) -> None:
    minute = _MINUTES[batch_id]
    events = [(card, f"00:{minute}:{second}", "1.5") for card in "abc" for second in ("00", "59")]
    put_silver(spark, root, batch_id, events)


@pytest.fixture(scope="module")
def base(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four silver files that gold has read, one that it has not, and the newest file of gold."""
    root: Path = tmp_path_factory.mktemp("gold-base") / "out"
    for batch_id in range(4):
        put(spark, root, batch_id)
        GoldStream(spark, root, max_files=1).run()
    put(spark, root, 4)
    return root


def table(root: Path, spark: SparkSession) -> list[tuple[Any, ...]]:
    return list(GoldStream(spark, root).rows())


def copied(base: Path, root: Path) -> Path:
    # Restores the times, too: the file source reads the oldest file first.
    shutil.copytree(base, root, copy_function=shutil.copy2)
    return root


@pytest.fixture(scope="module")
def clean(
    spark: SparkSession, base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], list[tuple[Any, ...]]]:
    root = copied(base, tmp_path_factory.mktemp("gold-clean") / "out")
    files = DyingFiles(spark, root)
    GoldStream(spark, root, max_files=1, files=files).run()
    return files.steps, table(root, spark)


def test_the_steps_are_those_that_the_crashes_are_tried_at(clean: Any) -> None:
    steps, rows = clean
    kinds = [step.split("/")[0] for step in steps]
    assert {"write _staging", "rename to gold", "delete _staging", "delete gold"} <= set(kinds)
    assert "rename to _chk" in kinds
    assert [(row[0], row[1][11:16], row[3]) for row in rows] == [(card, "00:10", "2") for card in "abc"]


def test_a_restart_after_a_crash_at_any_step_leaves_the_table_of_a_clean_run(
    spark: SparkSession, base: Path, clean: Any, tmp_path: Path
) -> None:
    steps, expected = clean
    for number, step in enumerate(steps):
        root = copied(base, tmp_path / str(number))
        with pytest.raises(StreamingQueryException, match="DriverDiedError"):
            GoldStream(spark, root, max_files=1, files=DyingFiles(spark, root, number)).run()
        GoldStream(spark, root, max_files=1).run()
        assert table(root, spark) == expected, step


def test_a_crash_before_the_commit_gives_no_window_twice(
    spark: SparkSession, base: Path, clean: Any, tmp_path: Path
) -> None:
    root = copied(base, tmp_path / "out")
    stream = GoldStream(spark, root)
    stream.run()
    before = {path.name for path in (root / "gold").iterdir()}
    expected = stream.rows()
    stream.drop_last_commit()
    stream.run()
    assert {path.name for path in (root / "gold").iterdir()} == before
    assert stream.rows() == expected


def test_the_comparison_notices_names_that_follow_the_clock_instead_of_the_batch(
    spark: SparkSession, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copied(base, tmp_path / "out")
    ticks = iter(range(1_000_000_000_000, 2_000_000_000_000, 1000))

    def by_clock(sink: Sink, _: int, batch_id: int, part: Optional[int] = None) -> str:
        return file_name(sink, next(ticks), batch_id, part)

    monkeypatch.setattr("medallion.sinks.file_committer.file_name", by_clock)
    stream = GoldStream(spark, root)
    stream.run()
    expected = stream.rows()
    stream.drop_last_commit()
    stream.run()
    assert stream.rows() != expected


def test_a_batch_that_another_driver_has_committed_commits_nothing(
    spark: SparkSession, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copied(base, tmp_path / "out")
    before = {path.name for path in (root / "gold").iterdir()}
    stage = GoldBatch._stage

    def while_another_commits(self: GoldBatch, windows: Any, committer: FileCommitter) -> Any:
        staged = stage(self, windows, committer)
        (root / "_chk/gold/commits" / str(committer.batch.batch_id)).write_text("v1\n{}")
        return staged

    monkeypatch.setattr(GoldBatch, "_stage", while_another_commits)
    stream = GoldStream(spark, root)
    with pytest.raises(StreamingQueryException, match="another driver works on the checkpoint"):
        stream.run()
    assert isinstance(stream.guard.failure, JobError)
    assert stream.guard.failure.exit_code == EXIT_REFUSED
    assert {path.name for path in (root / "gold").iterdir()} == before
    assert not list((root / "_staging/gold").iterdir())


def test_a_staged_file_that_is_on_another_machine_fails_the_batch(
    spark: SparkSession, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copied(base, tmp_path / "out")
    parts = FileCommitter.parts

    def without_the_largest(self: FileCommitter, folder: str) -> list[str]:
        by_size = sorted(parts(self, folder), key=lambda part: (root / part).stat().st_size)
        return by_size[:-1]

    monkeypatch.setattr(gold_query.FileCommitter, "parts", without_the_largest)
    stream = GoldStream(spark, root)
    with pytest.raises(StreamingQueryException, match=r"is not whole: \d windows were emitted"):
        stream.run()
    monkeypatch.undo()
    stream.run()
    assert [row[:1] + row[3:4] for row in stream.rows()].count(("a", "2")) == 2


def test_a_batch_that_emits_nothing_makes_no_file(spark: SparkSession, tmp_path: Path) -> None:
    put_silver(spark, tmp_path, 0, [("a", "00:00:00", "1")])
    stream = GoldStream(spark, tmp_path)
    stream.run()
    # The second batch has no rows, and only moves the watermark.
    assert stream.last_commit() == 1
    assert not list(tmp_path.glob("gold/*"))
    assert HadoopFiles(spark, str(tmp_path)).names("_staging/gold") == []
