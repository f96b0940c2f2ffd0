"""Silver files that a test makes one by one, and the gold query that reads them as in the job."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion.gold_query import start_gold
from medallion.hadoop_files import HadoopFiles
from medallion.pipeline import GoldTable
from medallion.session import use_local_checkpoints
from medallion.settings import load_settings
from medallion.shutdown_guard import ShutdownGuard
from medallion.silver import silver_columns
from tests.parsing import TRANSACTIONS as PIPELINE

TABLE: GoldTable = PIPELINE.gold[0]

#: A silver row: card_id, its time on 2026-01-01, amount.
Event = tuple[str, str, str]


def put_silver(spark: SparkSession, root: Path, batch_id: int, events: list[Event], tick: int = 0) -> Path:
    """Commits rows as the silver file of a batch. The file source reads the oldest file first, and
    these files are made within one tick of the clock, so each batch adds `tick` seconds to its
    file's time.
    """
    values = ", ".join(f"('{card}', '2026-01-01 {time}', {amount}BD)" for card, time, amount in events)
    known = {
        "card_id": "card",
        "amount": "cast(amount as decimal(18,2))",
        "event_time": "cast(time as timestamp)",
        "partition": "0",
        "offset": "0L",
    }
    columns = ", ".join(
        f"{known.get(name, f'cast(null as {data_type})')} as {name}"
        for name, data_type in silver_columns(PIPELINE).items()
    )
    staged = root / "_staging" / "silver"
    rows = spark.sql(f"select {columns} from values {values} as v(card, time, amount)").coalesce(1)
    rows.write.mode("overwrite").parquet(str(staged))
    (part,) = staged.glob("part-*.parquet")
    target = root / "silver" / f"silver_20260101_0000{batch_id:02d}_{batch_id}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    seconds = 1_767_225_600 + batch_id + tick
    os.utime(target, (seconds, seconds))
    return target


@dataclass
class GoldStream:
    """The query of a gold table, which a test starts and stops."""

    spark: SparkSession
    root: Path
    table: GoldTable = TABLE
    max_files: int = 0
    sink_files: str = "single"
    files: Optional[HadoopFiles] = None
    query: Optional[StreamingQuery] = None

    def start(self) -> None:
        self.guard = ShutdownGuard()
        settings = replace(
            load_settings({}),
            gold_trigger_interval="0 seconds",
            max_files_per_sink=self.max_files,
            sink_files=self.sink_files,
        )
        files = self.files or HadoopFiles(self.spark, str(self.root))
        use_local_checkpoints(self.spark, files)
        self.query = start_gold(self.spark, settings, files, self.table, self.guard)

    def run(self) -> None:
        """Reads everything until no batch is left to run, and stops. Raises the error that ended
        the query.
        """
        self.start()
        assert self.query is not None
        try:
            self.query.processAllAvailable()
        finally:
            self.query.stop()

    @property
    def checkpoint(self) -> Path:
        return self.root / "_chk" / self.table.name

    def last_commit(self) -> int:
        return max(int(path.name) for path in (self.checkpoint / "commits").iterdir() if path.name.isdigit())

    def drop_last_commit(self) -> None:
        """The state after a crash between the commit of a batch's files and the commit of the
        batch.
        """
        last = self.last_commit()
        for name in (str(last), f".{last}.crc"):
            (self.checkpoint / "commits" / name).unlink(missing_ok=True)

    def rows(self) -> list[tuple[Optional[str], ...]]:
        """Every row of the table as texts. A duplicate window is returned twice."""
        return rows_of(self.spark, self.root / self.table.name)

    def counts(self) -> list[tuple[Optional[str], ...]]:
        """card_id, the window's start and txn_count of every row."""
        return [(row[0], (row[1] or "")[11:], row[3]) for row in self.rows()]


def rows_of(spark: SparkSession, folder: Path) -> list[tuple[Optional[str], ...]]:
    """Every row of a folder of Parquet files as texts, in order."""
    if not any(folder.glob("*.parquet")):
        return []
    read = spark.read.parquet(str(folder))
    texts = read.selectExpr(*[f"cast(`{name}` as string) as `{name}`" for name in read.columns])
    return sorted(map(tuple, texts.collect()), key=str)
