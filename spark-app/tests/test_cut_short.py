"""A staged file that loses its tail: the batch fails, and its replay leaves the outputs of a clean run."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from pyspark.sql import SparkSession

from medallion.gold_state import GoldStates
from medallion.hadoop_files import HadoopFiles
from medallion.medallion_batch import MedallionBatch
from medallion.offset_log import OffsetLog
from tests.outputs import batch, plan_batch


class CuttingFiles(HadoopFiles):
    """Takes bytes off a staged file just before it is moved or joined."""

    def __init__(self, spark: SparkSession, root: Path, cuts: Callable[[str], bool]) -> None:
        super().__init__(spark, str(root))
        self._folder = root
        self._cuts = cuts
        self.moved: list[str] = []

    def _cut(self, source: str, target: str) -> None:
        self.moved.append(target)
        if self._cuts(target):
            path = self._folder / source
            path.write_bytes(path.read_bytes()[:-1])

    def rename(self, source: str, target: str) -> None:
        # Records of the checkpoint are no staged files.
        if source.startswith("_staging/"):
            self._cut(source, target)
        super().rename(source, target)

    def join_text(self, first: str, sources: list[str], target: str) -> None:
        if target.endswith("csv.joined"):
            self._cut(sources[0], target)
        super().join_text(first, sources, target)


def event(card: str, minute: int) -> str:
    return f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T00:{minute:02d}:10Z","amount":1}}'


VALUES = [event("a", 0), event("a", 20), "x"]


def run(spark: SparkSession, root: Path, files: HadoopFiles) -> None:
    plan_batch(root, "medallion", 0, {"0": len(VALUES)})
    log = OffsetLog(files, "medallion", {"0": 0})
    MedallionBatch(files, log, GoldStates(files, 100), 0).write(batch(spark, VALUES), 0)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_staged_file_that_is_cut_short_fails_the_batch_and_a_replay_mends_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    files = CuttingFiles(spark, clean, lambda _: False)
    run(spark, clean, files)
    folders = {target.split("/")[0] for target in files.moved}
    assert folders == {"bronze", "silver", "quarantine", "gold", "raw_csv", "_chk", "_staging"}
    for number, cut in enumerate(files.moved):
        root = tmp_path / str(number)
        with pytest.raises(OSError, match="cut short"):
            run(spark, root, CuttingFiles(spark, root, cut.__eq__))
        run(spark, root, HadoopFiles(spark, str(root)))
        assert contents(root) == contents(clean), cut


def test_a_staged_csv_part_that_ends_within_a_line_is_not_joined(spark: SparkSession, tmp_path: Path) -> None:
    files = HadoopFiles(spark, str(tmp_path))
    for name, text, whole in [("a", "1,2\n", True), ("b", "1,2\n3", False), ("c", "", True)]:
        (tmp_path / name).write_text(text)
        assert files.ends_with_newline(name) is whole
        assert files.size(name) == len(text)
