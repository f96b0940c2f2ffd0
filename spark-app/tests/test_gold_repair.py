"""A checkpoint of gold that a power cut has damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.checkpoint_repair import GoldRepair
from medallion.errors import EXIT_REFUSED, JobError
from medallion.failure import query_failure
from medallion.hadoop_files import HadoopFiles
from tests.gold_stream import GoldStream, put_silver
from tests.test_checkpoint_repair import TORN


@pytest.fixture(scope="module")
def base(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve entries of the file source, so that one is compact; the last batch has emitted
    windows.
    """
    root: Path = tmp_path_factory.mktemp("gold-repair") / "out"
    stream = GoldStream(spark, root)
    stream.start()
    assert stream.query is not None
    for batch_id in range(12):
        put_silver(spark, root, batch_id, [("a", f"00:{5 * batch_id:02d}:00", "1")])
        stream.query.processAllAvailable()
    stream.query.stop()
    return root


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Path:
    shutil.copytree(base, tmp_path / "out", copy_function=shutil.copy2)
    return tmp_path / "out"


def repair(spark: SparkSession, root: Path) -> None:
    GoldRepair(HadoopFiles(spark, str(root)), "gold").run()


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refused(spark: SparkSession, root: Path, sentence: str) -> None:
    before = contents(root)
    with pytest.raises(JobError, match=sentence) as caught:
        repair(spark, root)
    assert caught.value.exit_code == EXIT_REFUSED
    assert "npm run reset -- --keep-topic" in caught.value.hint
    assert contents(root) == before


def newest(root: Path, kind: str) -> Path:
    folder = root / "_chk/gold" / kind
    return max((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def runs_on(spark: SparkSession, root: Path, base: Path) -> None:
    """Checks that the query gives the same result as without a repair."""
    for folder in (root, base):
        put_silver(spark, folder, 20, [("z", "23:00:00", "1")])
        GoldStream(spark, folder).run()
    assert GoldStream(spark, root).rows() == GoldStream(spark, base).rows()


def before_the_last_file(root: Path) -> None:
    """The state in the middle of the batch that reads the last file."""
    # The batch after it has emitted a window.
    last = newest(root, "offsets")
    for path in (last, newest(root, "commits"), *(root / "gold").glob(f"*_{last.name}.parquet")):
        path.unlink()
    newest(root, "commits").unlink()


def copy_of(root: Path) -> Path:
    target = root.with_name("as-it-was")
    shutil.copytree(root, target, copy_function=shutil.copy2)
    return target


def test_a_whole_checkpoint_stays_as_it_is(spark: SparkSession, root: Path) -> None:
    before = contents(root)
    repair(spark, root)
    assert contents(root) == before
    repair(spark, root.with_name("empty"))


@pytest.mark.parametrize("content", TORN)
def test_a_batch_whose_commit_is_torn_runs_again(spark: SparkSession, root: Path, content: str) -> None:
    commit = newest(root, "commits")
    commit.write_text(content)
    repair(spark, root)
    assert not commit.exists()
    assert newest(root, "commits").name == str(int(commit.name) - 1)


def test_a_batch_whose_state_is_torn_runs_again(spark: SparkSession, root: Path) -> None:
    was = copy_of(root)
    commit = newest(root, "commits")
    (root / f"_chk/gold/state/0/1/{int(commit.name) + 1}.delta").write_bytes(b"")
    repair(spark, root)
    assert not commit.exists()
    runs_on(spark, root, was)


def test_a_batch_whose_entry_is_torn_is_planned_again_and_its_files_go(
    spark: SparkSession, root: Path
) -> None:
    was = copy_of(root)
    plan, commit = newest(root, "offsets"), newest(root, "commits")
    assert plan.name == commit.name
    committed = list((root / "gold").glob(f"*_{plan.name}.parquet"))
    assert committed
    commit.unlink()
    plan.write_text("")
    repair(spark, root)
    assert not plan.exists()
    assert not committed[0].exists()
    runs_on(spark, root, was)


@pytest.mark.parametrize("content", TORN)
def test_the_newest_listing_of_silver_is_repeated(spark: SparkSession, root: Path, content: str) -> None:
    was = copy_of(root)
    before_the_last_file(root)
    look = newest(root, "sources/0")
    assert look.name == "11"
    look.write_text(content)
    repair(spark, root)
    assert not look.exists()
    runs_on(spark, root, was)


def test_outputs_that_were_moved_within_a_batch_go_on(spark: SparkSession, root: Path) -> None:
    was = copy_of(root)
    # The source's log has another folder.
    before_the_last_file(root)
    repair(spark, root)
    assert newest(root, "sources/0").name == "10"
    runs_on(spark, root, was)


def test_a_file_that_a_planned_batch_misses_is_refused(spark: SparkSession, root: Path) -> None:
    before_the_last_file(root)
    look = newest(root, "sources/0")
    line = json.loads(look.read_text().split("\n")[1])
    line["path"] = (root / "silver" / "silver_20260101_000011_11.parquet").as_uri()
    look.write_text(f"v1\n{json.dumps(line)}")
    (root / "silver/silver_20260101_000011_11.parquet").unlink()
    refused(spark, root, "silver_20260101_000011_11.parquet is missing.*gold has not read it")


def test_what_a_committed_batch_needs_cannot_be_made_again(spark: SparkSession, root: Path) -> None:
    commit, plan = newest(root, "commits"), newest(root, "offsets")
    look = newest(root, "sources/0")
    for path, sentence in [
        (plan, f"offsets/{plan.name} is missing, empty or torn"),
        (look, "sources/0/11 is missing, empty or torn"),
        (root / "_chk/gold/sources/0/9.compact", "sources/0/9.compact is missing, empty or torn"),
    ]:
        content = path.read_bytes()
        path.write_bytes(b"")
        refused(spark, root, sentence)
        path.write_bytes(content)
    # The batch also needs the state before it. Spark's maintenance may have made a snapshot of
    # that.
    for version in (int(commit.name), int(commit.name) + 1):
        for path in (root / "_chk/gold/state/0/0").glob(f"{version}.*"):
            path.unlink()
    refused(spark, root, f"state/0/0/{commit.name}.delta")


def test_the_entry_before_the_newest_one_is_needed(spark: SparkSession, root: Path) -> None:
    plan = newest(root, "offsets")
    before = plan.with_name(str(int(plan.name) - 1))
    before.write_text("")
    refused(
        spark, root, f"offsets/{before.name} is missing, empty or torn.*batch {plan.name} begins where it"
    )


def test_a_batch_whose_silver_is_gone_does_not_run_again(spark: SparkSession, root: Path) -> None:
    # The batch before the last one has read the newest file.
    newest(root, "commits").unlink()
    newest(root, "offsets").unlink()
    newest(root, "commits").write_text("")
    (root / "silver/silver_20260101_000011_11.parquet").unlink()
    refused(spark, root, "cannot run again: silver has no more silver_20260101_000011_11.parquet")


def test_the_state_of_rocksdb_is_checked_alike(spark: SparkSession, tmp_path: Path) -> None:
    root = tmp_path / "out"
    provider = "spark.sql.streaming.stateStore.providerClass"
    rocksdb = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    spark.conf.set(provider, rocksdb)
    try:
        for batch_id, minute in enumerate(("00", "10")):
            put_silver(spark, root, batch_id, [("a", f"00:{minute}:00", "1")])
            GoldStream(spark, root).run()
        before = contents(root)
        repair(spark, root)
        assert contents(root) == before
        commit = newest(root, "commits")
        expected = GoldStream(spark, root).rows()
        (root / f"_chk/gold/state/0/0/{int(commit.name) + 1}.zip").unlink()
        repair(spark, root)
        assert not commit.exists()
        GoldStream(spark, root).run()
        assert GoldStream(spark, root).rows() == expected
        assert len(expected) == 1
    finally:
        spark.conf.unset(provider)


@pytest.mark.parametrize("path", ["_chk/gold/state/0/1/3.delta", "silver/silver_20260101_000000_1.parquet"])
def test_a_query_that_ends_for_want_of_a_file_names_the_next_step(path: str) -> None:
    query: Any = SimpleNamespace(name="gold")
    failure = query_failure(query, FileNotFoundError(f"File file:/out/{path} does not exist"))
    assert path in failure.sentence
    assert "npm run reset -- --keep-topic" in failure.hint
    assert query_failure(query, OSError("no space left")).hint == ""
