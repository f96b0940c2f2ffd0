"""Drains a topic as one side of the comparison, once for each run it is given, all in one Spark application.

`drain.py SIDE RUNS`: RUNS is a JSON list of {"output": path, "starting_offsets": JSON of the Kafka source}.
The first run warms the JVMs up, the last one is measured: from the checkpoints, by whoever started this.
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
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

BENCH = Path(__file__).parents[1]
#: The checkout whose job drains; this one unless said otherwise.
CHECKOUT = Path(os.environ.get("BENCH_CHECKOUT") or BENCH.parent)
sys.path.insert(0, str(CHECKOUT / "spark-app"))

POLL_S = 0.05


def drain_baseline(run: dict[str, str]) -> None:
    """The five-query job, which ends by itself."""
    os.environ.update(OUTPUT_PATH=run["output"], STARTING_OFFSETS=run["starting_offsets"], AVAILABLE_NOW="1")
    runpy.run_path(str(BENCH / "baseline" / "seed_job.py"), run_name="__main__")


def drain_medallion(run: dict[str, str]) -> None:
    """The product's job as it runs for ever, told to stop once the end of the topic is committed."""
    from medallion.config import load_settings
    from medallion.job import Job
    from medallion.session import open_session
    from medallion.topic import TopicAdmin

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
    if _committed_end(Path(run["output"]) / "_chk" / "medallion") != end:
        sys.exit("stopped from outside before the end of the topic was committed")


def drain_parquet(run: dict[str, str]) -> None:
    """Spark's own exactly-once file sink of the parsed rows: one query, as many tasks as partitions."""
    from medallion.schema import LINEAGE

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
    """Reading alone."""
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
    """Asks this process to stop, as `down` does, when a committed batch ends where the topic does."""
    checkpoint = output / "_chk" / "medallion"
    while not ended.is_set():
        time.sleep(POLL_S)
        if _committed_end(checkpoint) == end:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _committed_end(checkpoint: Path) -> Any:
    commits = checkpoint / "commits"
    batches = [int(name) for name in os.listdir(commits) if name.isdigit()] if commits.exists() else []
    if not batches:
        return None
    *_, offsets = (checkpoint / "offsets" / str(max(batches))).read_text().strip().split("\n")
    return next(iter(json.loads(offsets).values()))


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
        DRAINS[side](each)
