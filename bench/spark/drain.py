"""Drains a topic as one side of the comparison, once for each given run, in one Spark application.

`drain.py SIDE RUNS`: RUNS is a JSON list of {"output": path, "starting_offsets": JSON of the Kafka
source, "after": a file}. The first runs warm up the JVMs. The caller measures the others from their
checkpoints. A run with `after` begins once that file exists, and makes the file `<output>.drained` at
its end.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Optional

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

BENCH = Path(__file__).parents[1]
#: The checkout whose job drains. The default is this one.
CHECKOUT = Path(os.environ.get("BENCH_CHECKOUT") or BENCH.parent)
sys.path.insert(0, str(CHECKOUT / "spark-app"))

POLL_S = 0.05


def drain_baseline(run: dict[str, str]) -> None:
    """The five-query job, which ends by itself."""
    os.environ.update(OUTPUT_PATH=run["output"], STARTING_OFFSETS=run["starting_offsets"], AVAILABLE_NOW="1")
    runpy.run_path(str(BENCH / "baseline" / "seed_job.py"), run_name="__main__")


def drain_medallion(run: dict[str, str]) -> None:
    """The product's job, which runs for ever: it is stopped once the end of the topic is committed
    and gold has read silver.
    """
    from medallion.job import Job
    from medallion.session import open_session
    from medallion.topic import TopicAdmin

    try:
        from medallion.settings import load_settings
    except ModuleNotFoundError:
        # Another checkout may be from before the module was renamed.
        from medallion.config import load_settings

    os.environ.update(OUTPUT_PATH=run["output"], STARTING_OFFSETS=run["starting_offsets"])
    settings = load_settings(os.environ)
    spark = open_session(settings)
    end = TopicAdmin(spark, settings).describe().latest
    job = Job(spark, settings)
    ended = threading.Event()
    threading.Thread(target=_stop_at, args=(Path(run["output"]), end, ended), daemon=True).start()
    try:
        job.run()
    finally:
        ended.set()
        job.close()
    if not _is_drained(Path(run["output"]), end):
        sys.exit("stopped from outside before the end of the topic was committed")


def drain_parquet(run: dict[str, str]) -> None:
    """Spark's own exactly-once file sink of the parsed rows: one query with a task per partition."""
    from medallion.pipeline import LINEAGE

    schema = (
        "txn_id string, event_ts timestamp, user_id string, card_id string, merchant string, "
        "category string, amount decimal(18,2), currency string, status string, city string, "
        "country string, lat double, lon double"
    )
    records = _read(run).select(
        F.from_json(F.col("value").cast("string"), schema).alias("event"),
        F.col("timestamp").alias("kafka_ts"),
        *LINEAGE,
    )
    rows = records.select("event.*", "kafka_ts", *LINEAGE)
    _drain(rows.writeStream.format("parquet").option("path", f"{run['output']}/parsed"), run)


def drain_noop(run: dict[str, str]) -> None:
    """Only reads the topic."""
    _drain(_read(run).writeStream.format("noop"), run)


def _read(run: dict[str, str]) -> DataFrame:
    spark = SparkSession.Builder().config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", os.environ["KAFKA_BOOTSTRAP_SERVERS"])
        .option("subscribe", os.environ["KAFKA_TOPIC"])
        .option("startingOffsets", run["starting_offsets"])
    )
    most = os.environ.get("MAX_OFFSETS_PER_TRIGGER")
    return (reader.option("maxOffsetsPerTrigger", most) if most else reader).load()


def _drain(writer: Any, run: dict[str, str]) -> None:
    checkpoint = f"{run['output']}/_chk/drain"
    writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start().awaitTermination()


def _stop_at(output: Path, end: dict[str, int], ended: threading.Event) -> None:
    """Stops this process, as `down` does, when a committed batch ends where the topic does and gold
    has read the silver files up to there.
    """
    while not ended.is_set():
        time.sleep(POLL_S)
        if _is_drained(output, end):
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _is_drained(output: Path, end: dict[str, int]) -> bool:
    checkpoints = output / "_chk"
    # Another checkout may have gold inside the batches of its one query.
    if (checkpoints / "medallion").exists():
        return bool(_committed_end(checkpoints / "medallion") == end)
    tables = [path for path in checkpoints.glob("[A-Za-z]*") if path.is_dir() and path.name != "ingest"]
    return _committed_end(checkpoints / "ingest") == end and all(
        _has_read(table, output / "silver") for table in tables
    )


def _committed_end(checkpoint: Path) -> Any:
    """The offsets at which the newest committed batch of a query of the topic ends."""
    batch = _last_committed(checkpoint)
    if batch is None:
        return None
    *_, offsets = (checkpoint / "offsets" / str(batch)).read_text().strip().split("\n")
    return next(iter(json.loads(offsets).values()))


def _has_read(checkpoint: Path, silver: Path) -> bool:
    """Whether a gold query has read all files of silver and emitted the windows that these have
    closed. Spark runs a batch without data after one that has moved the watermark.
    """
    batch = _last_committed(checkpoint)
    files = {path.name for path in silver.glob("silver_*.parquet")}
    if batch is None:
        return not files
    entry = (checkpoint / "offsets" / str(batch)).read_text().strip().split("\n")
    _, commit = (checkpoint / "commits" / str(batch)).read_text().strip().split("\n")
    if json.loads(commit)["nextBatchWatermarkMs"] > json.loads(entry[1])["batchWatermarkMs"]:
        return False
    return files <= _files_through(checkpoint / "sources" / "0", json.loads(entry[-1])["logOffset"])


def _files_through(log: Path, last: int) -> set[str]:
    """The names of the files in a file source's log up to a batch of it."""
    names = set()
    for path in log.glob("[0-9]*"):
        try:
            version, *lines = path.read_text().split("\n")
        except FileNotFoundError:
            # Compacted in the meantime: the next iteration finds it.
            continue
        if version == "v1":
            entries = [json.loads(line) for line in lines if line]
            names |= {entry["path"].rpartition("/")[2] for entry in entries if entry["batchId"] <= last}
    return names


def _last_committed(checkpoint: Path) -> Optional[int]:
    commits = checkpoint / "commits"
    batches = [int(name) for name in os.listdir(commits) if name.isdigit()] if commits.exists() else []
    return max(batches, default=None)


DRAINS = {
    "baseline": drain_baseline,
    "medallion": drain_medallion,
    "parquet": drain_parquet,
    "noop": drain_noop,
    "other": drain_medallion,
}

if __name__ == "__main__":
    _, side, runs = sys.argv
    for each in json.loads(runs):
        while "after" in each and not os.path.exists(each["after"]):
            time.sleep(POLL_S)
        DRAINS[side](each)
        if "after" in each:
            Path(each["output"] + ".drained").touch()
