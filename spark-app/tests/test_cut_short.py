"""A staged file that loses its tail: the batch fails, and its replay leaves the outputs of a clean
run.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Callable

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_FAILED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from tests.outputs import SOURCE, batch, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS


class CuttingFiles(HadoopFiles):
    """Cuts what a batch stages down to `left`, a function of a file's bytes: the Parquet files of a
    folder (`is_silver=…`) before their names are read, or raw_csv's file before its records are
    counted.
    """

    def __init__(self, spark: SparkSession, root: Path, cut: str, left: Callable[[bytes], bytes]) -> None:
        super().__init__(spark, str(root))
        self._folder = root
        self._cut = cut
        self._left = left
        self._lock = Lock()
        self.was_cut: list[Path] = []

    def _before(self, paths: Iterable[Path]) -> None:
        # The steps of a batch run in parallel, and each would list the same files.
        with self._lock:
            for path in paths if not self.was_cut else ():
                path.write_bytes(self._left(path.read_bytes()))
                self.was_cut.append(path)

    def names(self, folder: str) -> list[str]:
        if folder.endswith(f"/rows/{self._cut}"):
            self._before(sorted((self._folder / folder).glob("part-*")))
        return super().names(folder)

    def csv_records(self, path: str) -> int:
        if self._cut == "raw_csv":
            self._before([self._folder / path])
        return super().csv_records(path)


def event(card: str, minute: int) -> str:
    return f'{{"txn_id":"t","card_id":"{card}","event_ts":"2026-01-01T00:{minute:02d}:10Z","amount":1}}'


#: The card contains the magic bytes at the end of Parquet files.
VALUES = [event("aPAR1", 0), event("a", 20), "xPAR1"]


def after_data_like_an_end(data: bytes) -> bytes:
    """Up to a value that looks like the end of a Parquet file, with a footer's length before it."""
    return data[: data.index(b"PAR1", 4) + 4]


CUTS = {
    "nothing left": lambda data: b"",
    "a byte left": lambda data: data[:1],
    "4 bytes left": lambda data: data[:4],
    "11 bytes left": lambda data: data[:11],
    "12 bytes left": lambda data: data[:12],
    "data behind": after_data_like_an_end,
    "half": lambda data: data[: len(data) // 2],
    "within the footer": lambda data: data[:-20],
    "8 bytes gone": lambda data: data[:-8],
    "a byte gone": lambda data: data[:-1],
}


def run(spark: SparkSession, root: Path, files: HadoopFiles) -> None:
    plan_batch(root, "ingest", 0, {"0": len(VALUES)})
    log = OffsetLog(files, "ingest", {"0": 0})
    Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0).write(batch(spark, VALUES), 0)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clean(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("clean")
    run(spark, root, HadoopFiles(spark, str(root)))
    return contents(root)


@pytest.mark.parametrize("cut", [*CUTS])
@pytest.mark.parametrize("folder", ["is_silver=true", "is_silver=false"])
def test_a_staged_file_that_is_cut_short_fails_the_batch_and_a_replay_fixes_it(
    spark: SparkSession, tmp_path: Path, clean: dict[str, bytes], folder: str, cut: str
) -> None:
    files = CuttingFiles(spark, tmp_path, folder, CUTS[cut])
    with pytest.raises(JobError) as failure:
        run(spark, tmp_path, files)
    (path,) = files.was_cut
    assert failure.value.sentence.startswith(f"file:{path} cannot be read as a whole Parquet file: java.")
    assert failure.value.hint == "the offsets of its batch are not committed: the next start runs it again"
    assert failure.value.exit_code == EXIT_FAILED
    assert not (tmp_path / "bronze").exists()
    run(spark, tmp_path, HadoopFiles(spark, str(tmp_path)))
    assert contents(tmp_path) == clean


@pytest.mark.parametrize(
    ("cut", "records"), [("a byte left", 0), ("12 bytes left", 0), ("half", 0), ("a byte gone", 1)]
)
def test_so_does_a_file_of_raw_csv(
    spark: SparkSession, tmp_path: Path, clean: dict[str, bytes], cut: str, records: int
) -> None:
    files = CuttingFiles(spark, tmp_path, "raw_csv", CUTS[cut])
    with pytest.raises(JobError, match=f"is not whole: 2 rows in silver and {records} in raw_csv"):
        run(spark, tmp_path, files)
    assert not (tmp_path / "bronze").exists()
    run(spark, tmp_path, HadoopFiles(spark, str(tmp_path)))
    assert contents(tmp_path) == clean
