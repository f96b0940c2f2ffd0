"""The passes over one micro-batch, each of which stages the files of one or two sinks.

The parsing pass writes plainly valid rows and the values that need a second look in one job, into two
folders by the partition column `part` (which is not stored in the files). The second look, at the few
values that need it, does the same with silver rows and rejects. What is no silver row travels in silver's
columns: the value in txn_id, the reason in user_id.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.csv_line import csv_line
from medallion.first_look import first_look
from medallion.gold_state import GoldStates, windows_file
from medallion.gold_windows import OPEN_WINDOWS_SCHEMA, count_windows, is_closed, next_watermark
from medallion.hadoop_files import HadoopFiles
from medallion.naming import BRONZE, GOLD, QUARANTINE, RAW_CSV, SILVER
from medallion.publication import Publication, Staged
from medallion.schema import (
    BRONZE_COLUMNS,
    BRONZE_SCHEMA,
    LINEAGE,
    QUARANTINE_COLUMNS,
    RAW_CSV_COLUMNS,
    SILVER_COLUMNS,
    SILVER_SCHEMA,
)
from medallion.second_look import second_look


def _without_dictionaries(*columns: str) -> dict[str, str]:
    """Hardly two values of these columns are the same: looking for repetitions costs time and finds none."""
    return {f"parquet.enable.dictionary#{column}": "false" for column in columns}


#: Small row groups, so that a large batch can be read back in parts of about equal size.
_BRONZE_OPTIONS = {"parquet.block.size": str(8 << 20), **_without_dictionaries("value", "offset")}
_SILVER_OPTIONS = _without_dictionaries("txn_id", "lat", "lon", "event_time", "kafka_ts", "offset")


@dataclass(frozen=True)
class BatchPasses:
    """The passes of one batch. `one_task`: the batch is small, so that one task is cheapest."""

    files: HadoopFiles
    publication: Publication
    states: GoldStates
    spark: SparkSession
    one_task: bool

    def write_bronze(self, records: DataFrame) -> None:
        """Every record as it came."""
        rows = self._in_few_tasks(records.select(*BRONZE_COLUMNS))
        rows.write.options(**_BRONZE_OPTIONS).parquet(self.files.uri(self._folder("bronze")))

    def written_bronze(self) -> DataFrame:
        """The records that `write_bronze` left."""
        return self._read([self._folder("bronze")], BRONZE_SCHEMA)

    def write_first_look(self, records: DataFrame) -> None:
        """What is plainly silver, and the values that need a second look."""
        looked = self._in_few_tasks(first_look(records))
        self._write_two_parts(looked, F.col("plain"), F.lit(None).cast("string"), self._folder("first"))

    def write_second_look(self) -> None:
        """The other silver rows, and what is rejected."""
        others = self._folder("first/part=other")
        if self.publication.parts(others):
            values = self._read([others]).select(F.col("txn_id").alias("value"), "kafka_ts", *LINEAGE)
            judged = self._in_few_tasks(second_look(values))
            self._write_two_parts(judged, F.col("reason").isNull(), F.col("reason"), self._folder("second"))

    def silver_parts(self, *looks: str) -> list[str]:
        """The files of silver rows that these looks ("first", "second") left."""
        return [
            part for look in looks for part in self.publication.parts(self._folder(f"{look}/part=silver"))
        ]

    def write_csv(self, silver: list[str], name: str) -> None:
        """Silver rows, given as Parquet files, as lines of raw_csv in a folder of this name."""
        if silver:
            lines = self._in_few_tasks(self._read(silver).select(csv_line()))
            lines.write.text(self.files.uri(self._folder(f"raw_csv/{name}")))

    def stage_bronze(self) -> Staged:
        """What `write_bronze` left as one file."""
        return self.publication.staged_parquet(BRONZE, self.publication.parts(self._folder("bronze")))

    def stage_silver(self) -> Staged:
        """What both looks left for silver as one file."""
        return self.publication.staged_parquet(SILVER, self.silver_parts("first", "second"))

    def stage_quarantine(self) -> Staged:
        """What the second look rejected, in quarantine's columns."""
        rejects = self._folder("second/part=other")
        if not self.publication.parts(rejects):
            return Staged(QUARANTINE, "", 0)
        columns = {"bad_json": "txn_id", "bad_ingest_ts": "kafka_ts", "reason": "user_id"}
        folder = self._folder("quarantine")
        self._read([rejects]).coalesce(1).select(
            *[F.col(columns.get(name, name)).alias(name) for name in QUARANTINE_COLUMNS]
        ).write.parquet(self.files.uri(folder))
        return self.publication.staged_parquet(QUARANTINE, self.publication.parts(folder))

    def stage_csv(self, rows: int) -> Staged:
        """What `write_csv` left, of this many rows, as one file."""
        if rows == 0:
            return Staged(RAW_CSV, "", 0)
        folders = [
            self._folder(f"raw_csv/{name}") for name in sorted(self.files.names(self._folder("raw_csv")))
        ]
        parts = [part for folder in folders for part in self.publication.parts(folder)]
        return self.publication.staged_csv(parts, RAW_CSV_COLUMNS, rows)

    def stage_gold(self, silver: list[str], batch_id: int) -> Staged:
        """Gold, from silver rows, given as Parquet files, and the windows that the batch before left open."""
        if not silver:
            self.states.carry(batch_id)
            return Staged(GOLD, "", 0)
        before = self.states.before(batch_id)
        newest_us = max(self.files.parquet_max(path, "event_time") for path in silver)
        watermark_ms = next_watermark(before.watermark_ms, newest_us)
        opened = before.open_windows and self._read([before.open_windows], OPEN_WINDOWS_SCHEMA)
        windows = count_windows(self._read(silver), opened or None, before.watermark_ms, self.one_task)
        folder = self._folder("gold")
        part = F.when(is_closed(watermark_ms), "gold").otherwise("open")
        windows.coalesce(1).withColumn("part", part).write.partitionBy("part").parquet(self.files.uri(folder))
        still_open = self.publication.staged_parquet(GOLD, self.publication.parts(f"{folder}/part=open"))
        self.states.keep(batch_id, watermark_ms, still_open.path, still_open.rows)
        if still_open.path:
            self.publication.check_size(still_open, windows_file(batch_id))
        return self.publication.staged_parquet(GOLD, self.publication.parts(f"{folder}/part=gold"))

    def _folder(self, name: str) -> str:
        return f"{self.publication.folder}/{name}"

    def _write_two_parts(self, rows: DataFrame, in_silver: Column, reason: Column, folder: str) -> None:
        given = {
            "txn_id": F.when(in_silver, F.col("txn_id")).otherwise(F.col("value")),
            "user_id": F.when(in_silver, F.col("user_id")).otherwise(reason),
        }
        columns = [given.get(name, F.col(name)).alias(name) for name in SILVER_COLUMNS]
        part = F.when(in_silver, "silver").otherwise("other").alias("part")
        writer = rows.select(*columns, part).write.partitionBy("part").options(**_SILVER_OPTIONS)
        writer.parquet(self.files.uri(folder))

    def _read(self, paths: list[str], schema: str = SILVER_SCHEMA) -> DataFrame:
        # With a schema no job has to read a footer first to find the columns.
        return self.spark.read.schema(schema).parquet(*map(self.files.uri, paths))

    def _in_few_tasks(self, rows: DataFrame) -> DataFrame:
        return rows.coalesce(1) if self.one_task else rows
