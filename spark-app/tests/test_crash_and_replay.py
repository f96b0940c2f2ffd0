"""A driver that dies before any one of its steps, and the replay of its batch: the outputs are byte
for byte those of a run without a crash.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from medallion.retention import prune
from medallion.sinks.naming import Sink, file_name
from medallion.sinks.single_file import SingleFileStaging
from tests.outputs import BATCH_TIME_MS, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS


class DriverDiedError(Exception):
    """Simulates the end of the process: nothing after it runs."""


class DyingFiles(HadoopFiles):
    """Dies before the step of this number (from 0); every change to a file is a step."""

    def __init__(self, spark: SparkSession, root: Path, dies_at: int = 2**31) -> None:
        super().__init__(spark, str(root))
        self.steps: list[str] = []
        self._dies_at = dies_at

    def _step(self, name: str) -> None:
        if len(self.steps) == self._dies_at:
            raise DriverDiedError(name)
        self.steps.append(name)

    def rename(self, source: str, target: str) -> None:
        self._step(f"rename to {target}")
        super().rename(source, target)

    def delete(self, path: str) -> None:
        self._step(f"delete {path}")
        super().delete(path)

    def join_text(self, first: str, sources: list[str], target: str) -> None:
        self._step(f"write {target}")
        super().join_text(first, sources, target)

    def join_parquet(self, sources: list[str], target: str, columns: Optional[Mapping[str, str]]) -> int:
        self._step(f"write {target}")
        return super().join_parquet(sources, target, columns)


def event(card: str, minute: int, amount: str) -> str:
    return (
        f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T00:{minute:02d}:10Z","amount":{amount}}}'
    )


# Each batch writes to every sink: 1e1 takes the exact validation.
BATCHES = [
    [event("a", 0, "1"), event("a", 1, "1e1"), "x", event("b", 20, "1")],
    [event("a", 20, "2"), event("a", 21, "1e1"), "y", event("b", 40, "1")],
]


def run(spark: SparkSession, root: Path, files: HadoopFiles, batch_id: int, keep: int = 1) -> None:
    plan_batch(root, "ingest", batch_id, {"0": 4 * (batch_id + 1)})
    log = OffsetLog(files, "ingest", {"0": 0})
    # One file a sink is kept, so that the second batch prunes as well.
    job = Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, keep)
    job.write(batch(spark, BATCHES[batch_id], 4 * batch_id), batch_id)


def contents(root: Path) -> dict[str, bytes]:
    """Every file but those that a dead attempt left in staging, which nobody reads."""
    names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return {name: (root / name).read_bytes() for name in names if not name.startswith("_staging/")}


@pytest.fixture(scope="module")
def one_batch(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("one-batch") / "out"
    run(spark, root, HadoopFiles(spark, str(root)), 0)
    return root


@pytest.fixture(scope="module")
def clean(spark: SparkSession, one_batch: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("clean") / "out"
    shutil.copytree(one_batch, root)
    files = DyingFiles(spark, root)
    run(spark, root, files, 1)
    return files.steps, contents(root)


def test_the_steps_of_a_batch_are_those_that_the_crashes_are_tried_at(clean: Any) -> None:
    steps, outputs = clean
    assert sorted(name for name in outputs if not name.startswith("_chk")) == sorted(
        f"{sink}/{prefix}_20260101_000000_1.{extension}"
        for sink, prefix, extension in [
            ("bronze", "bronze", "parquet"),
            ("silver", "silver", "parquet"),
            ("quarantine", "quarantine", "parquet"),
            ("raw_csv", "raw", "csv"),
        ]
    )
    for sink in ("bronze", "silver", "quarantine", "raw_csv"):
        assert any(step.startswith(f"rename to {sink}/") for step in steps)
        assert any(step.startswith(f"delete {sink}/") for step in steps)


def test_a_replay_after_a_crash_at_any_step_leaves_the_outputs_of_a_clean_run(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path
) -> None:
    steps, expected = clean
    for number, step in enumerate(steps):
        root = tmp_path / str(number)
        shutil.copytree(one_batch, root)
        with pytest.raises(DriverDiedError):
            run(spark, root, DyingFiles(spark, root, number), 1)
        run(spark, root, HadoopFiles(spark, str(root)), 1)
        actual = contents(root)
        assert set(actual) == set(expected), step
        assert [name for name in actual if actual[name] != expected[name]] == [], step


STEPS = [
    *("write_rows", "stage_bronze", "stage_quarantine", "stage_silver", "write_csv", "stage_csv"),
    "count_rejected",
]


@contextmanager
def dying_step(name: str, when: str) -> Iterator[None]:
    """Within the block the driver dies before or after this step. Then the batch runs again."""
    work: Callable[..., Any] = getattr(SingleFileStaging, name)

    def died(*arguments: Any) -> None:
        if when == "after":
            work(*arguments)
        raise DriverDiedError(f"{when} {name}")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SingleFileStaging, name, died)
        with pytest.raises(DriverDiedError):
            yield


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", STEPS)
def test_a_replay_after_a_crash_around_a_step_leaves_the_outputs_of_a_clean_run(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path, name: str, when: str
) -> None:
    root = tmp_path / "out"
    shutil.copytree(one_batch, root)
    with dying_step(name, when):
        run(spark, root, HadoopFiles(spark, str(root)), 1)
    run(spark, root, HadoopFiles(spark, str(root)), 1)
    assert contents(root) == clean[1]


@pytest.mark.long
def test_so_does_the_replay_of_a_batch_that_several_tasks_write(
    spark: SparkSession, one_batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", 1)
    expected = tmp_path / "clean"
    shutil.copytree(one_batch, expected)
    run(spark, expected, HadoopFiles(spark, str(expected)), 1)
    for name, when in product(
        ["write_rows", "write_csv", "stage_csv", "count_rejected"], ["before", "after"]
    ):
        root = tmp_path / f"{when} {name}"
        shutil.copytree(one_batch, root)
        with dying_step(name, when):
            run(spark, root, HadoopFiles(spark, str(root)), 1)
        run(spark, root, HadoopFiles(spark, str(root)), 1)
        assert contents(root) == contents(expected), (name, when)


@pytest.mark.parametrize("pruned", range(5))
def test_a_replay_after_a_crash_around_the_pruning_of_a_sink_leaves_the_outputs_of_a_clean_run(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path, pruned: int
) -> None:
    left = [None] * pruned

    def dying(*arguments: Any) -> int:
        if not left:
            raise DriverDiedError(f"before pruning {arguments[2].folder}")
        left.pop()
        count = prune(*arguments)
        if pruned == 4 and not left:
            raise DriverDiedError("after the last pruning")
        return count

    root = tmp_path / "out"
    shutil.copytree(one_batch, root)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("medallion.ingest.prune", dying)
        with pytest.raises(DriverDiedError):
            run(spark, root, HadoopFiles(spark, str(root)), 1)
    run(spark, root, HadoopFiles(spark, str(root)), 1)
    assert contents(root) == clean[1]


def test_the_comparison_notices_names_that_follow_the_clock_instead_of_the_batch(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = BATCH_TIME_MS

    def by_clock(sink: Sink, _: int, batch_id: int, part: Optional[int] = None) -> str:
        return file_name(sink, now_ms, batch_id, part)

    monkeypatch.setattr("medallion.sinks.file_committer.file_name", by_clock)
    root = tmp_path / "out"
    shutil.copytree(one_batch, root)
    # After the commit and before pruning: otherwise the newer name would only have replaced the
    # older one.
    for tick_ms in (0, 1000):
        now_ms = BATCH_TIME_MS + tick_ms
        run(spark, root, HadoopFiles(spark, str(root)), 1, 0)
    rows = spark.read.parquet(str(root / "bronze")).select("partition", "offset")
    assert rows.count() == 12
    assert rows.distinct().count() == 8
    assert contents(root) != clean[1]


def test_the_comparison_notices_names_of_the_batch_id_alone(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_id(sink: Sink, _: int, batch_id: int, __: Optional[int] = None) -> str:
        return f"{sink.prefix}_{batch_id}.{sink.extension}"

    monkeypatch.setattr("medallion.sinks.file_committer.file_name", by_id)
    root = tmp_path / "out"
    shutil.copytree(one_batch, root)
    run(spark, root, HadoopFiles(spark, str(root)), 1)
    assert contents(root) != clean[1]


def test_a_replay_of_a_finished_batch_changes_nothing(
    spark: SparkSession, one_batch: Path, clean: Any, tmp_path: Path
) -> None:
    root = tmp_path / "out"
    shutil.copytree(one_batch, root)
    for _ in range(2):
        run(spark, root, HadoopFiles(spark, str(root)), 1)
    assert contents(root) == clean[1]
    assert len(output_files(root)) == 4
