"""A staged file that loses its tail: the batch fails, and its replay leaves the outputs of a clean run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import pytest
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from tests.outputs import SOURCE, batch, plan_batch
from tests.parsing import TRANSACTIONS


class CuttingFiles(HadoopFiles):
    """Takes a byte off the first source of a file just before the file is made; `made` are all such files."""

    def __init__(self, spark: SparkSession, root: Path, cut: Optional[str] = None) -> None:
        super().__init__(spark, str(root))
        self._folder = root
        self._cut = cut
        self.made: list[str] = []

    def _before(self, target: str, source: str) -> None:
        name = target.split("/")[-1]
        self.made.append(name)
        if name == self._cut:
            path = self._folder / source
            path.write_bytes(path.read_bytes()[:-1])

    def csv_records(self, path: str) -> int:
        self._before("csv.joined", path)
        return super().csv_records(path)

    def join_parquet(self, sources: list[str], target: str, columns: Optional[Mapping[str, str]]) -> int:
        self._before(target, sources[0])
        return super().join_parquet(sources, target, columns)


def event(card: str, minute: int) -> str:
    return f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T00:{minute:02d}:10Z","amount":1}}'


VALUES = [event("a", 0), event("a", 20), "x"]


def run(spark: SparkSession, root: Path, files: HadoopFiles) -> None:
    plan_batch(root, "ingest", 0, {"0": len(VALUES)})
    log = OffsetLog(files, "ingest", {"0": 0})
    Ingest(TRANSACTIONS, files, log, SOURCE, 0).write(batch(spark, VALUES), 0)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_staged_file_that_is_cut_short_fails_the_batch_and_a_replay_mends_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    files = CuttingFiles(spark, clean)
    run(spark, clean, files)
    kinds = {
        "bronze.joined",
        "silver.joined",
        "quarantine.joined",
        "csv.joined",
    }
    assert set(files.made) == kinds
    for cut in sorted(kinds):
        root = tmp_path / cut
        # A Parquet file without its end, or a line of CSV without its own.
        with pytest.raises(
            Exception, match=r"is not a Parquet file|is not whole: 2 rows in silver and 1 in raw_csv"
        ):
            run(spark, root, CuttingFiles(spark, root, cut))
        assert not (root / "bronze").exists()
        run(spark, root, HadoopFiles(spark, str(root)))
        assert contents(root) == contents(clean), cut
