"""The job with real queries; the topic and the batch functions are replaced."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion import job as job_module
from medallion.errors import EXIT_FAILED, EXIT_REFUSED, JobError
from medallion.job import Job
from medallion.settings import load_settings
from medallion.shutdown_guard import BatchCounts, ShutdownGuard
from medallion.topic import Topic
from tests.test_queries import Batches, Write, last, starting, wait_for

TOPIC = Topic("transactions", "id-1", {"0": 0}, {"0": 0}, {"0": 0})


class Admin:
    """A topic that does not change. `described` counts the calls."""

    described = 0

    def __init__(self, *_: object) -> None:
        Admin.described = 0

    def describe(self) -> Topic:
        Admin.described += 1
        return TOPIC


@pytest.fixture
def quick() -> Batches:
    batches = Batches()
    batches.may_end.set()
    return batches


Run = Callable[[Write, Write], Optional[JobError]]


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs the job with these batch functions of `ingest` and `gold` to its end, and returns its
    error.
    """
    monkeypatch.setattr(job_module, "TopicAdmin", Admin)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(ingest: Write, gold: Write) -> Optional[JobError]:
        def start(write: Write, name: str) -> Callable[..., StreamingQuery]:
            def with_guard(*arguments: Any) -> StreamingQuery:
                guard = next(each for each in arguments if isinstance(each, ShutdownGuard))
                return starting(spark, tmp_path, name, write)(guard)

            return with_guard

        monkeypatch.setattr(job_module, "start_ingest", start(ingest, "ingest"))
        monkeypatch.setattr(job_module, "start_gold", start(gold, "gold"))
        job = Job(spark, load_settings({"OUTPUT_PATH": str(tmp_path)}))
        try:
            job.run()
            return None
        except JobError as error:
            return error
        finally:
            job.close()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def stop_when(condition: Callable[[], bool]) -> None:
    """Sends this process a stop signal, as a supervisor does, once the condition holds."""

    def ask() -> None:
        wait_for(condition)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=ask, daemon=True).start()


def active(spark: SparkSession) -> list[str]:
    return [str(query.name) for query in spark.streams.active]


def test_a_stop_ends_both_queries_and_lets_their_batches_commit(
    spark: SparkSession, run: Run, quick: Batches, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Batches()

    def end_once_asked() -> bool:
        slow.may_end.set()
        return True

    stop_when(lambda: slow.began.is_set() and quick.began.is_set() and end_once_asked())
    assert run(quick.write, slow.write) is None
    assert active(spark) == []
    assert last(tmp_path, "gold", "commits") >= 0
    assert last(tmp_path, "ingest", "commits") >= 0
    assert "abandons" not in capsys.readouterr().out


def test_a_failure_of_gold_ends_the_job_with_it_and_ingest_commits_its_batch(
    spark: SparkSession, run: Run, tmp_path: Path
) -> None:
    ingest = Batches()

    def fail(batch: Any, batch_id: int) -> BatchCounts:
        assert ingest.began.wait(60)
        ingest.may_end.set()
        # The wording of a failure of the topic, which gold does not read.
        raise OSError("data may have been lost: no space left")

    error = run(ingest.write, fail)
    assert error is not None
    assert error.exit_code == EXIT_FAILED
    assert error.sentence == "query gold ended: OSError: data may have been lost: no space left"
    assert Admin.described == 1
    assert active(spark) == []
    assert last(tmp_path, "ingest", "commits") >= 0


def test_a_failure_of_ingest_ends_the_job_and_a_loss_of_records_is_diagnosed(
    spark: SparkSession, run: Run, quick: Batches
) -> None:
    def fail(batch: Any, batch_id: int) -> BatchCounts:
        raise OSError("some data may have been lost")

    error = run(fail, quick.write)
    assert error is not None
    assert error.sentence.startswith("query ingest ended: ")
    assert Admin.described == 2
    assert active(spark) == []


def test_a_refusal_within_a_batch_of_gold_keeps_its_exit_code(run: Run, quick: Batches) -> None:
    refused = JobError("another driver works on it", "stop it", EXIT_REFUSED)

    def refuse(batch: Any, batch_id: int) -> BatchCounts:
        raise refused

    assert run(quick.write, refuse) is refused


def test_outputs_of_the_former_layout_are_refused_before_anything_is_written(
    run: Run, quick: Batches, tmp_path: Path
) -> None:
    (tmp_path / "_chk/medallion").mkdir(parents=True)
    error = run(quick.write, quick.write)
    assert error is not None
    assert error.exit_code == EXIT_REFUSED
    assert [path.name for path in tmp_path.rglob("*")] == ["_chk", "medallion"]


def test_the_job_reports_that_it_runs_when_every_query_does(
    run: Run, quick: Batches, capsys: pytest.CaptureFixture[str]
) -> None:
    printed: list[str] = []

    def announced() -> bool:
        printed.extend(capsys.readouterr().out.splitlines())
        return any("query running, start offsets fixed" in line for line in printed)

    stop_when(announced)
    assert run(quick.write, quick.write) is None
    assert len([line for line in printed if "query running" in line]) == 1
