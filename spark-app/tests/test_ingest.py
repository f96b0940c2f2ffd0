from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.bronze import BRONZE_COLUMNS
from medallion.errors import JobError, refusal
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from medallion.quarantine import QUARANTINE_COLUMNS
from medallion.silver import silver_columns
from tests.outputs import GOOD, SOURCE, batch, output_files, parsed_rows, plan_batch
from tests.parsing import TRANSACTIONS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


def sinks(spark: SparkSession, root: Path, keep: int = 0) -> Ingest:
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    return Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, keep)


def rows(spark: SparkSession, root: Path, sink: str) -> list[tuple[object, ...]]:
    return sorted(
        tuple(row) for row in spark.read.parquet(str(root / sink)).select("partition", "offset").collect()
    )


def test_a_batch_writes_one_file_per_sink_named_after_the_batch(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 3})
    counts = sinks(spark, root).write(batch(spark, [GOOD, "not json", None]), 0)
    assert counts.rows == {"bronze": 3, "quarantine": 2, "silver": 1, "raw_csv": 1}
    assert output_files(root) == [
        "bronze/bronze_20260101_000000_0.parquet",
        "quarantine/quarantine_20260101_000000_0.parquet",
        "raw_csv/raw_20260101_000000_0.csv",
        "silver/silver_20260101_000000_0.parquet",
    ]


def test_columns_and_types_are_those_of_the_contract(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 2})
    sinks(spark, root).write(batch(spark, [GOOD, "x"]), 0)

    def types(sink: str) -> dict[str, str]:
        return dict(spark.read.parquet(str(root / sink)).dtypes)

    lineage = {"topic": "string", "partition": "int", "offset": "bigint"}
    texts = ("txn_id", "user_id", "card_id", "merchant", "category", "currency", "status", "city", "country")
    assert types("bronze") == {
        **{"key": "string", "value": "string", "kafka_ts": "timestamp", **lineage},
        **{"headers": "array<struct<key:string,value:binary>>", "value_bytes": "binary"},
    }
    assert types("quarantine") == {
        "bad_json": "string",
        "bad_ingest_ts": "timestamp",
        "reason": "string",
        "detail": "string",
        **lineage,
    }
    assert types("silver") == {
        **dict.fromkeys(texts, "string"),
        **{"amount": "decimal(18,2)", "lat": "double", "lon": "double"},
        **{"event_time": "timestamp", "kafka_ts": "timestamp"},
        **lineage,
    }
    assert list(types("bronze")) == list(BRONZE_COLUMNS)
    assert list(types("silver")) == list(silver_columns(TRANSACTIONS))
    assert list(types("quarantine")) == list(QUARANTINE_COLUMNS)


def test_the_csv_reads_back_by_the_common_quoting_rules(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    sinks(spark, root).write(batch(spark, [GOOD]), 0)
    with next((root / "raw_csv").iterdir()).open(newline="", encoding="utf-8") as file:
        header, row = list(csv.reader(file))
    assert header == list(TRANSACTIONS.raw_csv_columns)
    assert row[header.index("merchant")] == 'a "b", c'
    assert row[header.index("event_time")] == "2026-01-01T00:00:00.000000Z"
    assert row[header.index("amount")] == "1.25"


def test_a_replayed_batch_replaces_its_own_files_and_no_others(spark: SparkSession, root: Path) -> None:
    job = sinks(spark, root)
    plan_batch(root, "ingest", 0, {"0": 2})
    plan_batch(root, "ingest", 1, {"0": 4}, time_ms=1767225660000)
    job.write(batch(spark, [GOOD, "x"]), 0)
    job.write(batch(spark, [GOOD, "y"], 2), 1)
    before = {name: (root / name).stat().st_mtime_ns for name in output_files(root)}
    job.write(batch(spark, [GOOD, "y"], 2), 1)
    after = {name: (root / name).stat().st_mtime_ns for name in output_files(root)}
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {
        name for name in after if "_1." in name
    }
    assert rows(spark, root, "bronze") == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert sorted(rows(spark, root, "silver") + rows(spark, root, "quarantine")) == rows(
        spark, root, "bronze"
    )


def test_a_batch_of_another_run_with_the_same_id_touches_no_file_of_this_one(
    spark: SparkSession, root: Path
) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    sinks(spark, root).write(batch(spark, [GOOD]), 0)
    before = output_files(root)
    shutil.rmtree(root / "_chk")
    plan_batch(root, "ingest", 0, {"0": 1}, time_ms=1767225660000)
    sinks(spark, root).write(batch(spark, [GOOD]), 0)
    assert set(before) < set(output_files(root))
    assert rows(spark, root, "bronze") == [(0, 0), (0, 0)]


def test_a_batch_that_read_another_topic_commits_nothing(spark: SparkSession, root: Path) -> None:
    def refuse() -> None:
        raise refusal("the topic was recreated", "reset")

    plan_batch(root, "ingest", 0, {"0": 1})
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest", {"0": 0})
    with pytest.raises(JobError, match="recreated"):
        Ingest(TRANSACTIONS, parsed_rows, files, log, replace(SOURCE, confirm=refuse), 0).write(
            batch(spark, [GOOD]), 0
        )
    assert output_files(root) == []


def test_a_replay_removes_the_file_of_a_sink_that_has_no_rows_any_more(
    spark: SparkSession, root: Path
) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    sinks(spark, root).write(batch(spark, ["x"]), 0)
    assert any(name.startswith("quarantine/") for name in output_files(root))
    sinks(spark, root).write(batch(spark, [GOOD]), 0)
    assert not any(name.startswith("quarantine/") for name in output_files(root))


def test_empty_sinks_make_no_file(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    plan_batch(root, "ingest", 1, {"0": 1})
    sinks(spark, root).write(batch(spark, ["x"]), 0)
    assert [name.split("/")[0] for name in output_files(root)] == ["bronze", "quarantine"]
    assert sinks(spark, root).write(batch(spark, []), 1).rows == dict.fromkeys(
        ("bronze", "quarantine", "silver", "raw_csv"), 0
    )
    assert len(output_files(root)) == 2


def test_a_batch_without_an_offset_log_entry_writes_nothing(spark: SparkSession, root: Path) -> None:
    root.mkdir()
    with pytest.raises(OSError, match="has no name"):
        sinks(spark, root).write(batch(spark, [GOOD]), 3)
    assert output_files(root) == []


def test_no_checksum_files_are_left(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    sinks(spark, root).write(batch(spark, [GOOD]), 0)
    assert list(root.rglob("*.crc")) == []


def test_previews_show_silver_rows(
    spark: SparkSession, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    files = HadoopFiles(spark, str(root))
    log = OffsetLog(files, "ingest")
    Ingest(TRANSACTIONS, parsed_rows, files, log, SOURCE, 0, show_previews=True).write(
        batch(spark, [GOOD]), 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[spark-streaming] silver/silver_20260101_000000_0.parquet:"
    assert any('a "b", c' in line for line in lines)
    assert all(line.startswith("[spark-streaming] ") for line in lines)


def test_raw_csv_keeps_blanks_around_a_text(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 1})
    value = '{"txn_id":"  spaced  ","card_id":"c","event_ts":"2026-01-01T00:00:00Z","amount":1}'
    sinks(spark, root).write(batch(spark, [value]), 0)
    (path,) = (root / "raw_csv").glob("*.csv")
    with path.open(newline="") as file:
        assert [row["txn_id"] for row in csv.DictReader(file)] == ["  spaced  "]


def test_several_tasks_make_one_file(
    spark: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", 1)
    plan_batch(root, "ingest", 0, {"0": 90})
    # Every third value takes the exact validation.
    odd = GOOD.replace("1.25", "1.25e0")
    values = [GOOD if n % 3 else odd for n in range(89)]
    counts = sinks(spark, root).write(batch(spark, [*values, "x"]).repartition(3), 0)
    assert counts.rows == {"bronze": 90, "quarantine": 1, "silver": 89, "raw_csv": 89}
    assert len(output_files(root)) == 4
    assert rows(spark, root, "bronze") == [(0, offset) for offset in range(90)]
    assert rows(spark, root, "silver") == [(0, offset) for offset in range(89)]
    (path,) = (root / "raw_csv").glob("*.csv")
    with path.open(newline="") as file:
        assert [row["txn_id"] for row in csv.DictReader(file)] == ["t"] * 89


def test_rejected_records_are_counted_by_reason(spark: SparkSession, root: Path) -> None:
    plan_batch(root, "ingest", 0, {"0": 5})
    values = [GOOD, None, "x", GOOD.replace('"t"', "null"), "y"]
    counts = sinks(spark, root).write(batch(spark, values), 0)
    assert counts.rejected == {"missing_txn_id": 1, "not_json_object": 2, "null_value": 1}
    plan_batch(root, "ingest", 1, {"0": 6})
    assert sinks(spark, root).write(batch(spark, [GOOD], 5), 1).rejected == {}
