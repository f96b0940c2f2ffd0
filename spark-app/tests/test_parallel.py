"""SINK_FILES=parallel: the executors' files are the outputs, a replay replaces all of its own
files, and gold reads each row once, whenever it lists the folder.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any, Optional

import pytest
from pyspark.sql import DataFrame, SparkSession

from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.errors import JobError
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog, Range
from medallion.quarantine import QUARANTINE_COLUMNS
from medallion.silver import silver_columns
from medallion.sinks.file_committer import FileCommitter
from medallion.sinks.parallel_files import condition, divide
from medallion.whole_batch import WholeBatch
from tests.gold_stream import GoldStream, rows_of
from tests.outputs import GOOD, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS
from tests.test_crash_and_replay import DriverDiedError, DyingFiles, contents, event

#: Each batch of twelve records has three parts.
PART_RECORDS = 4
SINKS = ("bronze", "silver", "quarantine", "raw_csv")


@pytest.fixture(autouse=True)
def few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medallion.sinks.parallel_files.PART_RECORDS", PART_RECORDS)


@pytest.fixture
def several_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parses a batch with one task for each of its partitions, however few records it has."""
    monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


# Every sink has rows in each part. A window of gold has rows of several parts.
VALUES = [
    *(event("a", 0, "1"), event("b", 0, "2"), "x", event("a", 1, "4")),
    *(event("a", 0, "8"), "y", event("b", 1, "16"), event("a", 0, "32")),
    *("z", event("a", 0, "64"), event("b", 0, "128"), event("c", 40, "1")),
]
OTHER_VALUES = [event("d", 59, "1")] * 12


def write(
    spark: SparkSession,
    root: Path,
    batch_id: int = 0,
    *,
    parallel: bool = True,
    tasks: int = 2,
    keep: int = 0,
    files: Optional[HadoopFiles] = None,
    values: Optional[list[str]] = None,
) -> None:
    """A driver that runs one batch of twelve records."""
    plan_batch(root, "ingest", batch_id, {"0": 12 * (batch_id + 1)})
    files = files or HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    rows = batch(spark, values or VALUES, 12 * batch_id).repartition(tasks)
    Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, keep, parallel=parallel).write(rows, batch_id)


def names(root: Path, sink: str) -> list[str]:
    return [Path(name).name for name in output_files(root) if name.startswith(f"{sink}/")]


def offsets(spark: SparkSession, path: Path) -> list[int]:
    return sorted(row[0] for row in spark.read.parquet(str(path)).select("offset").collect())


def test_each_part_is_a_file_of_every_sink(spark: SparkSession, root: Path) -> None:
    write(spark, root)
    stems = [("bronze", "bronze", "parquet"), ("silver", "silver", "parquet")]
    stems += [("quarantine", "quarantine", "parquet"), ("raw_csv", "raw", "csv")]
    for sink, prefix, extension in stems:
        assert names(root, sink) == [f"{prefix}_20260101_000000_0_{part}.{extension}" for part in range(3)]
    for part in range(3):
        of = {
            sink: offsets(spark, root / sink / f"{sink}_20260101_000000_0_{part}.parquet")
            for sink in SINKS[:3]
        }
        assert of["bronze"] == list(range(4 * part, 4 * part + 4))
        assert sorted(of["silver"] + of["quarantine"]) == of["bronze"]
    assert list(root.rglob("*.crc")) == []


def test_values_columns_and_types_are_those_of_single_files(spark: SparkSession, tmp_path: Path) -> None:
    values = [GOOD, *VALUES[1:]]
    for form in ("single", "parallel"):
        write(spark, tmp_path / form, parallel=form == "parallel", values=values)
    for sink, columns in [
        ("bronze", BRONZE_COLUMNS),
        ("silver", silver_columns(TRANSACTIONS)),
        ("quarantine", QUARANTINE_COLUMNS),
    ]:
        single, parallel = (
            spark.read.parquet(str(tmp_path / form / sink)) for form in ("single", "parallel")
        )
        assert list(parallel.columns) == list(columns)
        assert parallel.dtypes == single.dtypes
        assert rows_of(spark, tmp_path / "parallel" / sink) == rows_of(spark, tmp_path / "single" / sink)

    def lines(form: str) -> list[list[str]]:
        records = []
        for path in (tmp_path / form / "raw_csv").iterdir():
            with path.open(newline="", encoding="utf-8") as file:
                header, *rows = list(csv.reader(file))
            assert header == list(TRANSACTIONS.raw_csv_columns)
            records += rows
        return sorted(records)

    assert lines("parallel") == lines("single")
    assert len(lines("parallel")) == 9


def test_a_small_batch_is_one_part_and_an_empty_sink_has_no_file(spark: SparkSession, root: Path) -> None:
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    job = Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0, parallel=True)
    plan_batch(root, "ingest", 0, {"0": 2})
    counts = job.write(batch(spark, ["x", None]), 0)
    assert counts.rows == {"bronze": 2, "quarantine": 2, "silver": 0, "raw_csv": 0}
    assert counts.rejected == {"not_json_object": 1, "null_value": 1}
    plan_batch(root, "ingest", 1, {"0": 3})
    job.write(batch(spark, [GOOD], 2), 1)
    assert output_files(root) == [
        "bronze/bronze_20260101_000000_0_0.parquet",
        "bronze/bronze_20260101_000000_1_0.parquet",
        "quarantine/quarantine_20260101_000000_0_0.parquet",
        "raw_csv/raw_20260101_000000_1_0.csv",
        "silver/silver_20260101_000000_1_0.parquet",
    ]
    plan_batch(root, "ingest", 2, {"0": 3})
    assert job.write(batch(spark, []), 2).rows == dict.fromkeys(SINKS, 0)


def test_no_file_of_data_is_joined_or_read_by_the_driver(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_the_driver(*_: object) -> None:
        raise AssertionError("data passes the driver")

    for name in ("join_parquet", "join_text", "csv_records", "parquet_texts"):
        monkeypatch.setattr(HadoopFiles, name, by_the_driver)
    collect = DataFrame.collect

    def of_counts(frame: DataFrame) -> list[object]:
        assert frame.columns in (["reason", "count"], [f"{sql.HELPER}unmet", "count"])
        return list(collect(frame))

    monkeypatch.setattr(DataFrame, "collect", of_counts)
    write(spark, root)
    assert len(output_files(root)) == 12


@pytest.mark.usefixtures("several_tasks")
def test_a_replay_has_the_same_rows_under_the_same_names_whatever_its_tasks(
    spark: SparkSession, root: Path
) -> None:
    def all_rows() -> dict[str, list[tuple[Optional[str], ...]]]:
        files = [root / name for name in output_files(root) if name.endswith(".parquet")]
        return {path.name: part_rows(spark, path) for path in files}

    write(spark, root, tasks=1)
    before = all_rows()
    for tasks in (2, 5, 12):
        write(spark, root, tasks=tasks)
        assert all_rows() == before, tasks
    assert len(output_files(root)) == 12


def part_rows(spark: SparkSession, path: Path) -> list[tuple[Optional[str], ...]]:
    read = spark.read.parquet(str(path))
    return sorted(
        map(tuple, read.selectExpr(*[f"cast(`{name}` as string)" for name in read.columns]).collect())
    )


def test_a_replay_removes_parts_that_it_has_no_rows_for(spark: SparkSession, root: Path) -> None:
    write(spark, root)
    assert len(names(root, "quarantine")) == 3
    # The last part and quarantine have no rows any more; another batch's files are not touched.
    write(spark, root, 1)
    plan_batch(root, "ingest", 0, {"0": 8})
    files = HadoopFiles(spark, str(root))
    job = Ingest(
        TRANSACTIONS, parsed_rows, files, OffsetLog(files, "ingest", {"0": 0}), SOURCE, 0, parallel=True
    )
    job.write(batch(spark, [GOOD] * 8), 0)
    assert [name for name in output_files(root) if "_000000_0" in name] == [
        f"{sink}/{prefix}_20260101_000000_0_{part}.{extension}"
        for sink, prefix, extension in [
            ("bronze", "bronze", "parquet"),
            ("raw_csv", "raw", "csv"),
            ("silver", "silver", "parquet"),
        ]
        for part in range(2)
    ]
    assert len([name for name in output_files(root) if "_000000_1_" in name]) == 12


@pytest.fixture(scope="module")
def steps(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("medallion.sinks.parallel_files.PART_RECORDS", PART_RECORDS)
        root = tmp_path_factory.mktemp("steps") / "out"
        write(spark, root)
        files = DyingFiles(spark, root)
        write(spark, root, 1, files=files, keep=1)
    return files.steps


def gold_counts(spark: SparkSession, root: Path) -> list[tuple[Optional[str], ...]]:
    stream = GoldStream(spark, root)
    stream.run()
    return stream.rows()


@pytest.mark.usefixtures("several_tasks")
def test_gold_has_each_row_once_when_it_reads_between_two_renames(
    spark: SparkSession, steps: list[str], tmp_path: Path
) -> None:
    expected = tmp_path / "clean"
    write(spark, expected)
    write(spark, expected, 1, values=OTHER_VALUES)
    windows = gold_counts(spark, expected)
    assert [(row[0], row[3]) for row in windows if row[0] in ("a", "b")] == [
        *(("a", "4"), ("a", "1"), ("b", "2"), ("b", "1"))
    ]
    renames = [number for number, step in enumerate(steps) if step.startswith("rename to silver/")]
    assert len(renames) == 3
    for number in renames:
        root = tmp_path / str(number)
        with pytest.raises(DriverDiedError):
            write(spark, root, files=DyingFiles(spark, root, number), tasks=2)
        # Gold reads the files that have their names already.
        gold_counts(spark, root)
        # Another machine with other tasks, and SINK_FILES was set meanwhile.
        for tasks, parallel in ((5, False), (1, True)):
            write(spark, root, tasks=tasks, parallel=parallel)
            gold_counts(spark, root)
        write(spark, root, 1, values=OTHER_VALUES)
        assert gold_counts(spark, root) == windows, steps[number]


def test_gold_reads_no_row_again_that_a_single_file_gave_it_before_the_setting_changed(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> None:
        raise DriverDiedError

    with monkeypatch.context() as patched:
        patched.setattr("medallion.ingest.prune", died)
        with pytest.raises(DriverDiedError):
            write(spark, root, parallel=False)
    gold_counts(spark, root)
    write(spark, root, parallel=True)
    assert names(root, "silver") == ["silver_20260101_000000_0.parquet"]
    write(spark, root, 1, values=OTHER_VALUES)
    assert names(root, "silver")[1:] == [f"silver_20260101_000000_1_{part}.parquet" for part in range(3)]
    windows = [(row[0], row[3]) for row in gold_counts(spark, root)]
    assert windows == [("a", "4"), ("a", "1"), ("b", "2"), ("b", "1"), ("c", "1")]


def test_a_bronze_file_of_the_other_form_is_replaced(spark: SparkSession, root: Path) -> None:
    files = DyingFiles(spark, root)
    write(spark, root, parallel=False, files=files)
    at = next(number for number, step in enumerate(files.steps) if step.startswith("rename to quarantine/"))
    shutil.rmtree(root)
    with pytest.raises(DriverDiedError):
        write(spark, root, parallel=False, files=DyingFiles(spark, root, at))
    assert names(root, "bronze") == ["bronze_20260101_000000_0.parquet"]
    write(spark, root)
    assert names(root, "bronze") == [f"bronze_20260101_000000_0_{part}.parquet" for part in range(3)]


@pytest.mark.long
def test_a_replay_after_a_crash_at_any_step_leaves_the_outputs_of_a_clean_run(
    spark: SparkSession, steps: list[str], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    write(spark, base)
    clean = tmp_path / "clean"
    shutil.copytree(base, clean)
    write(spark, clean, 1, keep=1)
    rows = {sink: rows_of(spark, clean / sink) for sink in SINKS[:3]}
    assert any(step.startswith("delete silver/") for step in steps)
    for number, step in enumerate(steps):
        root = tmp_path / str(number)
        shutil.copytree(base, root)
        with pytest.raises(DriverDiedError):
            write(spark, root, 1, keep=1, files=DyingFiles(spark, root, number))
        write(spark, root, 1, keep=1)
        assert set(contents(root)) == set(contents(clean)), step
        assert {sink: rows_of(spark, root / sink) for sink in rows} == rows, step


def test_what_executors_wrote_elsewhere_is_not_committed(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = FileCommitter.parts

    def without(sink: str) -> None:
        def few(self: FileCommitter, name: str) -> list[str]:
            return parts(self, name)[:-1] if name == sink else parts(self, name)

        monkeypatch.setattr(FileCommitter, "parts", few)

    for sink, what in [
        ("silver", "9 rows were read, and 6 are in the files of silver"),
        ("raw_csv", "bytes were written, and .* are in the files of raw_csv"),
    ]:
        without(sink)
        with pytest.raises(JobError, match=what):
            write(spark, root)
        assert output_files(root) == []


@pytest.mark.parametrize("sink", ["bronze", "raw_csv"])
def test_a_file_that_was_cut_after_it_was_counted_is_not_committed(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch, sink: str
) -> None:
    require = WholeBatch.require

    def and_cut(self: WholeBatch, *arguments: Any) -> None:
        require(self, *arguments)
        staged = next(root.glob(f"_staging/ingest/*/{sink}/part-00001-*"))
        staged.write_bytes(staged.read_bytes()[:-1])

    monkeypatch.setattr(WholeBatch, "require", and_cut)
    with pytest.raises(JobError, match="when its rows were counted"):
        write(spark, root)
    assert output_files(root) == []


def test_pruning_keeps_whole_batches_and_counts_files(spark: SparkSession, root: Path) -> None:
    for batch_id in range(3):
        write(spark, root, batch_id, keep=2)
    assert names(root, "silver") == [
        f"silver_20260101_000000_{batch_id}_{part}.parquet" for batch_id in (1, 2) for part in range(3)
    ]
    record = HadoopFiles(spark, str(root)).read_text("_chk/_pruned/silver.json")
    assert record == '{"sink": "silver", "through_batch": 0, "offsets": {"0": 12}, "files": 3, "rows": 9}\n'


def test_gold_is_written_by_its_tasks(spark: SparkSession, tmp_path: Path) -> None:
    tables = {}
    for form in ("single", "parallel"):
        root = tmp_path / form
        write(spark, root)
        write(spark, root, 1, values=OTHER_VALUES)
        stream = GoldStream(spark, root, sink_files=form)
        stream.run()
        tables[form] = stream.rows()
        before = names(root, "gold")
        stream.drop_last_commit()
        stream.run()
        assert (names(root, "gold"), stream.rows()) == (before, tables[form])
    assert tables["parallel"] == tables["single"]
    assert all(name.count("_") == 4 for name in names(tmp_path / "parallel", "gold"))
    assert len(names(tmp_path / "parallel", "gold")) == 2


def slices(ranges: dict[str, tuple[int, int]]) -> list[object]:
    found = divide({name: Range(*of) for name, of in ranges.items()})
    return [None if part is None else {n: tuple(of) for n, of in part.items()} for part in found]


def test_the_division_cuts_the_planned_offsets_into_slices_of_equal_length() -> None:
    assert divide(None) == divide({}) == [None]
    assert slices({"0": (5, 9)}) == [None]
    assert slices({"0": (5, 10)}) == [{0: (5, 8)}, {0: (8, 10)}]
    # By number: partition 10 is the last.
    assert slices({"10": (0, 3), "2": (7, 7), "1": (4, 10)}) == [*({1: (4, 7)}, {1: (7, 10)}, {10: (0, 3)})]
    assert slices({"0": (0, 1), "1": (0, 7)}) == [{0: (0, 1), 1: (0, 3)}, {1: (3, 7)}]
    assert condition({0: Range(1, 2), 3: Range(4, 5)}) == (
        "(partition = 0 and offset >= 1 and offset < 2) or (partition = 3 and offset >= 4 and offset < 5)"
    )


@pytest.mark.parametrize("count", [1, 4, 5, 399, 400, 401, 1000, 1003])
def test_every_offset_is_in_one_part(count: int) -> None:
    ranges = {"0": Range(3, 3 + count // 3), "1": Range(0, count - count // 3), "7": Range(9, 9)}
    parts = divide(ranges)
    assert len(parts) <= 100
    if parts == [None]:
        assert count <= PART_RECORDS
        return
    covered = [(n, offset) for part in parts for n, of in (part or {}).items() for offset in range(*of)]
    assert covered == [(int(name), offset) for name, of in ranges.items() for offset in range(*of)]
    assert all(part for part in parts)
