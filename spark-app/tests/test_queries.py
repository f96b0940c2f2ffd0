"""Two real streaming queries of one job: the effect of a stop, and of a failure of one on the
other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery, StreamingQueryManager

from medallion.queries import Queries
from medallion.shutdown_guard import BatchCounts, ShutdownGuard

Write = Callable[[Any, int], BatchCounts]
NAMES = ("ingest", "gold")


@pytest.fixture
def queries(spark: SparkSession) -> Iterator[Queries]:
    queries = Queries(spark)
    yield queries
    queries.stop(0.0)


def starting(
    spark: SparkSession, root: Path, name: str, write: Write
) -> Callable[[ShutdownGuard], StreamingQuery]:
    """A query whose batches are due all the time."""

    def start(guard: ShutdownGuard) -> StreamingQuery:
        rows = spark.readStream.format("rate").option("rowsPerSecond", 100).load()
        writer = rows.writeStream.queryName(name).foreachBatch(guard.wrap(write))
        return writer.option("checkpointLocation", str(root / "_chk" / name)).start()

    return start


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def last(root: Path, name: str, log: str) -> int:
    names = [path.name for path in sorted((root / "_chk" / name / log).glob("*"))]
    return max((int(number) for number in names if number.isdigit()), default=-1)


class Batches:
    """A batch function that can be held within a batch."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.pools: set[str] = set()

    def write(self, batch: Any, batch_id: int) -> BatchCounts:
        pool = batch.sparkSession.sparkContext.getLocalProperty("spark.scheduler.pool")
        self.pools.add(pool)
        self.began.set()
        self.may_end.wait(60)
        return BatchCounts({"bronze": 0})


def test_a_stop_lets_the_batches_of_every_query_commit(
    spark: SparkSession, queries: Queries, tmp_path: Path
) -> None:
    batches = {name: Batches() for name in NAMES}
    for name in NAMES:
        queries.start(name, starting(spark, tmp_path, name, batches[name].write))
    for each in batches.values():
        assert each.began.wait(60)
    stop = threading.Thread(target=queries.stop, args=(30.0,))
    stop.start()
    wait_for(lambda: all(guard.is_stopping for guard in queries.lines.guards.values()))
    # One query stops at once; the other is still within its batch.
    batches["gold"].may_end.set()
    wait_for(lambda: last(tmp_path, "gold", "commits") == 0)
    assert last(tmp_path, "ingest", "commits") == -1
    batches["ingest"].may_end.set()
    stop.join(60)
    assert not queries.are_active
    assert [last(tmp_path, name, "commits") for name in NAMES] == [0, 0]
    assert queries.failed() is None
    assert [each.abandoned for each in queries.running] == [False, False]
    assert {name: each.pools for name, each in batches.items()} == {name: {name} for name in NAMES}
    assert spark.sparkContext.getLocalProperty("spark.scheduler.pool") is None


def test_a_batch_that_outlasts_the_grace_is_abandoned_and_the_other_one_commits(
    spark: SparkSession, queries: Queries, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow, quick = Batches(), Batches()
    quick.may_end.set()
    queries.start("ingest", starting(spark, tmp_path, "ingest", quick.write))
    queries.start("gold", starting(spark, tmp_path, "gold", slow.write))
    assert slow.began.wait(60)
    wait_for(lambda: last(tmp_path, "ingest", "offsets") >= 1)
    began = time.monotonic()
    queries.stop(5.0)
    assert time.monotonic() - began < 25
    slow.may_end.set()
    assert [each.abandoned for each in queries.running] == [False, True]
    assert queries.failed() is None
    # A batch that began before the stop is committed; one that began after it was refused.
    assert last(tmp_path, "ingest", "commits") >= last(tmp_path, "ingest", "offsets") - 1
    assert "query=gold abandons its batch: not finished 5 s after the stop" in capsys.readouterr().out


def test_the_query_that_fails_is_named_and_the_other_one_goes_on(
    spark: SparkSession, queries: Queries, tmp_path: Path
) -> None:
    quick = Batches()
    quick.may_end.set()

    def fail(batch: Any, batch_id: int) -> BatchCounts:
        raise OSError("disk full")

    queries.start("ingest", starting(spark, tmp_path, "ingest", quick.write))
    queries.start("gold", starting(spark, tmp_path, "gold", fail))
    wait_for(lambda: queries.failed() is not None)
    failed = queries.failed()
    assert failed is not None
    assert failed.query.name == "gold"
    assert str(failed.guard.failure) == "disk full"
    assert not queries.are_active
    assert queries.running[0].query.isActive
    queries.stop(30.0)
    assert queries.failed() is failed


def test_a_query_that_cannot_start_leaves_no_listener(
    spark: SparkSession, queries: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening: list[object] = []
    monkeypatch.setattr(StreamingQueryManager, "addListener", lambda _, each: listening.append(each))
    monkeypatch.setattr(StreamingQueryManager, "removeListener", lambda _, each: listening.remove(each))

    def fail(guard: ShutdownGuard) -> StreamingQuery:
        raise OSError("no such folder")

    with pytest.raises(OSError, match="no such folder"):
        queries.start("ingest", fail)
    assert listening == [queries.lines]
    assert spark.sparkContext.getLocalProperty("spark.scheduler.pool") is None
    queries.stop(1.0)
    assert listening == []
