"""Which silver files gold has read. No others are pruned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from medallion.file_source_log import FileSourceLog, GoldReaders
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.retention import prune
from medallion.sinks.naming import SILVER
from tests.gold_stream import GoldStream, put_silver
from tests.outputs import plan_batch


def name(batch_id: int) -> str:
    return f"silver_20260101_000000_{batch_id}.parquet"


def look(root: Path, table: str, number: int, compact: bool = False) -> None:
    """Writes the log as Spark does: entry n has the silver file of batch n."""
    folder = root / "_chk" / table / "sources/0"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"path": f"file:///x%20y/silver/{name(batch)}", "timestamp": 1, "batchId": batch})
        for batch in range(0 if compact else number, number + 1)
    ]
    (folder / f"{number}{'.compact' if compact else ''}").write_text("\n".join(["v1", *lines]))


def commit(root: Path, table: str, batch_id: int, log_offset: int) -> None:
    for kind, text in [
        ("offsets", f'v1\n{{"batchWatermarkMs":0,"batchTimestampMs":1}}\n{{"logOffset":{log_offset}}}'),
        ("commits", 'v1\n{"nextBatchWatermarkMs":0}'),
    ]:
        folder = root / "_chk" / table / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(batch_id)).write_text(text)


def have_read(readers: GoldReaders, count: int = 20) -> list[int]:
    names = [name(batch) for batch in range(count)]
    return sorted(names.index(each) for each in readers.have_read(names))


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> HadoopFiles:
    return HadoopFiles(spark, str(tmp_path))


def test_what_every_query_has_committed_has_been_read(files: HadoopFiles, tmp_path: Path) -> None:
    readers = GoldReaders(files, ["gold", "other"])
    for table in ("gold", "other"):
        for number in range(4):
            look(tmp_path, table, number)
    commit(tmp_path, "gold", 0, 2)
    assert have_read(readers) == []
    commit(tmp_path, "other", 0, 1)
    assert have_read(readers) == [0, 1]
    commit(tmp_path, "other", 1, 3)
    assert have_read(readers) == [0, 1, 2]
    # Planned, and not committed.
    commit(tmp_path, "gold", 1, 3)
    (tmp_path / "_chk/gold/commits/1").unlink()
    assert have_read(readers) == [0, 1, 2]
    assert GoldReaders(files, []).have_read([name(7)]) == {name(7)}


def test_entries_that_spark_has_compacted_are_read(files: HadoopFiles, tmp_path: Path) -> None:
    readers = GoldReaders(files, ["gold"])
    look(tmp_path, "gold", 9, compact=True)
    commit(tmp_path, "gold", 0, 5)
    assert have_read(readers) == [0, 1, 2, 3, 4, 5]
    look(tmp_path, "gold", 10)
    look(tmp_path, "gold", 11)
    commit(tmp_path, "gold", 1, 10)
    assert have_read(readers) == list(range(11))
    assert have_read(GoldReaders(files, ["gold"])) == list(range(11))
    with pytest.raises(ValueError, match="12 is not there"):
        FileSourceLog(files, "gold").names(-1, 12)
    (tmp_path / "_chk/gold/sources/0/11").write_text("")
    with pytest.raises(ValueError, match="11 is torn"):
        FileSourceLog(files, "gold").names(-1, 11)


def test_an_entry_that_spark_deletes_meanwhile_is_read_in_the_compact_one(
    files: HadoopFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        look(tmp_path, "gold", number)
    look(tmp_path, "gold", 9, compact=True)
    log = FileSourceLog(files, "gold")
    read = log.read

    def and_spark_cleans_up(entry: str) -> object:
        if entry == "3":
            for number in range(9):
                (tmp_path / "_chk/gold/sources/0" / str(number)).unlink()
        return read(entry)

    monkeypatch.setattr(log, "read", and_spark_cleans_up)
    assert log.names(-1, 8) == {name(batch) for batch in range(9)}


def test_silver_stays_until_gold_has_read_it(files: HadoopFiles, spark: SparkSession, tmp_path: Path) -> None:
    stream = GoldStream(spark, tmp_path)
    log = OffsetLog(files, "ingest")
    readers = GoldReaders(files, ["gold"])

    def pruned() -> int:
        return prune(files, log, SILVER, 1, readers.have_read)

    for batch_id in range(3):
        plan_batch(tmp_path, "ingest", batch_id, {"0": batch_id})
        put_silver(spark, tmp_path, batch_id, [("a", "00:00:00", "1")])
    assert pruned() == 0
    stream.run()
    plan_batch(tmp_path, "ingest", 3, {"0": 3})
    put_silver(spark, tmp_path, 3, [("a", "01:00:00", "1")])
    assert pruned() == 3
    put_silver(spark, tmp_path, 4, [("a", "02:00:00", "1")])
    assert pruned() == 0
    stream.run()
    assert pruned() == 1
    assert stream.counts() == [("a", "00:00:00", "3"), ("a", "01:00:00", "1")]
    # Deleted files are not remembered.
    assert len(readers._readers[0]._names) <= 2
