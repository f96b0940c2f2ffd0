"""A real streaming query around the batches: how Spark handles a crash before the commit of a
batch, and within a batch. Files replace Kafka, one for each micro-batch.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Optional

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from medallion.bronze import BRONZE_COLUMNS, BRONZE_SCHEMA
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import Batch, OffsetLog
from medallion.resolved_plan import ResolvedPlan
from tests.outputs import SOURCE, output_files, parsed_rows
from tests.parsing import TRANSACTIONS
from tests.test_crash_and_replay import DyingFiles, contents, event

# Every sink has rows in every batch: 1e1 takes the exact validation.
_BATCHES = [
    [event("a", minute, "1"), event("a", minute + 1, "1e1"), "x", event("b", minute + 20, "1")]
    for minute in (0, 20, 38)
]


class FileOffsetLog(OffsetLog):
    """Returns the file source's offsets, which number files, in the form of Kafka's."""

    def read(self, batch_id: int) -> Optional[Batch]:
        text = self._files.read_text(f"{self.checkpoint}/offsets/{batch_id}")
        if text is None:
            return None
        _, metadata, source = text.strip().split("\n")
        files_read = json.loads(source)["logOffset"] + 1
        return Batch(batch_id, json.loads(metadata)["batchTimestampMs"], {"0": 4 * files_read})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("source")
    for number, values in enumerate(_BATCHES):
        rows = [
            {"key": "k", "value": value, "kafka_ts": "2026-01-01T00:00:00Z", "topic": "t", "partition": 0}
            | {"offset": 4 * number + index}
            for index, value in enumerate(values)
        ]
        file = folder / f"{number}.json"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        # The source reads the oldest file first, and these are made within one tick of the clock.
        os.utime(file, (number + 1, number + 1))
    return folder


def run(spark: SparkSession, source: Path, files: HadoopFiles) -> None:
    """Runs the query over every file that it has not committed, as a start of the job does."""
    log = FileOffsetLog(files, "ingest", {"0": 0})
    read = spark.readStream.schema(BRONZE_SCHEMA).option("maxFilesPerTrigger", 1).json(str(source))
    records = read.select(*[F.col(name).alias(name) for name in BRONZE_COLUMNS])
    plan = ResolvedPlan(records, parsed_rows(records, True))
    job = Ingest(TRANSACTIONS, lambda batch, _: plan.over(batch), files, log, SOURCE, 0)

    def write(batch: object, batch_id: int) -> None:
        job.write(batch, batch_id)  # type: ignore[arg-type]

    query = (
        records.writeStream.foreachBatch(write)
        .option("checkpointLocation", files.uri(log.checkpoint))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()


def by_batch(root: Path) -> dict[str, bytes]:
    """Outputs by their names without the time of the run."""
    kept = {name: content for name, content in contents(root).items() if not name.startswith("_chk")}
    named = {re.sub(r"_\d{8}_\d{6}_", "_", name): content for name, content in kept.items()}
    assert len(named) == len(kept), sorted(kept)
    return named


@pytest.fixture(scope="module")
def clean(spark: SparkSession, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("clean-query") / "out"
    run(spark, source, HadoopFiles(spark, str(root)))
    return root


def test_the_query_fills_every_sink(clean: Path) -> None:
    assert [
        sum(name.startswith(f"{sink}/") for name in output_files(clean))
        for sink in ("bronze", "silver", "quarantine", "raw_csv")
    ] == [3, 3, 3, 3]


@pytest.mark.parametrize("batch_id", [0, 1, 2])
def test_a_crash_before_the_commit_of_a_batch_is_fixed_by_its_replay(
    spark: SparkSession, source: Path, tmp_path: Path, batch_id: int
) -> None:
    root = tmp_path / "out"
    only = tmp_path / "source"
    only.mkdir()
    # The query stops after this batch, and the test then removes its commit.
    for number in range(batch_id + 1):
        shutil.copy2(source / f"{number}.json", only)
    run(spark, only, HadoopFiles(spark, str(root)))
    before = contents(root)
    for name in (f"{batch_id}", f".{batch_id}.crc"):
        (root / "_chk/ingest/commits" / name).unlink(missing_ok=True)
    run(spark, only, HadoopFiles(spark, str(root)))
    after = contents(root)
    assert f"_chk/ingest/commits/{batch_id}" in after
    assert set(after) == set(before)
    assert [name for name in before if after[name] != before[name]] == []


def test_a_crash_inside_a_batch_is_fixed_by_a_restart(
    spark: SparkSession, source: Path, clean: Path, tmp_path: Path
) -> None:
    steps = DyingFiles(spark, tmp_path / "steps")
    run(spark, source, steps)
    renames = [number for number, step in enumerate(steps.steps) if step.startswith("rename to silver/")]
    assert len(renames) == 3
    for number in renames:
        root = tmp_path / f"{number}"
        with pytest.raises(StreamingQueryException, match="DriverDiedError"):
            run(spark, source, DyingFiles(spark, root, number))
        run(spark, source, HadoopFiles(spark, str(root)))
        assert by_batch(root) == by_batch(clean)
