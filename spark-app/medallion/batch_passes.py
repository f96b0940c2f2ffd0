"""The passes over one micro-batch, each of which stages the files of one or two sinks.

The first look is the only one that reads Kafka. It writes each record once, with the columns of bronze
and of silver side by side, into two folders by the partition column `is_silver` (which is not stored
in the files): plainly valid rows, and the values that need a second look. Bronze is the columns of
bronze in both, silver the columns of silver in the former: Parquet keeps columns apart, so they are
copied as they are. The second look, at the few values that need it, writes the columns of silver and
of quarantine in the same way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.csv_line import csv_line
from medallion.first_look import first_look
from medallion.hadoop_files import HadoopFiles
from medallion.naming import BRONZE, QUARANTINE, SILVER
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
    """Hardly two values of these columns are the same: looking for repetitions costs time and finds
    none.
    """
    return {f"parquet.enable.dictionary#{column}": "false" for column in columns}


#: What is_silver is in the names of folders.
_PARTS = ("true", "false")

#: Small row groups, so that a large batch can be read back in parts of about equal size.
_OPTIONS = {
    "parquet.block.size": str(32 << 20),
    **_without_dictionaries("value", "bad_json", "txn_id", "lat", "lon", "event_time", "kafka_ts", "offset"),
}


@dataclass(frozen=True)
class BatchPasses:
    """The passes of one batch. `one_task`: the batch is small, so that one task is cheapest."""

    files: HadoopFiles
    publication: Publication
    one_task: bool

    def write_first_look(self, records: DataFrame) -> None:
        """Every record as it came, and beside it the silver row, where it plainly is one."""
        looked = self._in_few_tasks(first_look(records))
        self._write_two_parts(looked, "first")

    def write_second_look(self) -> None:
        """The other silver rows, and what is rejected."""
        others = self._parts("first/is_silver=false")
        if others:
            values = self._read(others, BRONZE_SCHEMA).select("value", "kafka_ts", *LINEAGE)
            judged = self._in_few_tasks(second_look(values))
            self._write_two_parts(judged.select(*_second_look_columns()), "second")

    def silver_parts(self, *looks: str) -> list[str]:
        """The files of silver rows that these looks ("first", "second") left."""
        return self._parts(*[f"{look}/is_silver=true" for look in looks])

    def write_csv(self, look: str) -> list[str]:
        """The silver rows of a look as lines of raw_csv: in a folder of its name, or of a small batch as the
        result, since a job that writes files would take several times as long.
        """
        silver = self.silver_parts(look)
        if not silver:
            return []
        lines = self._in_few_tasks(self._read(silver).select(csv_line()))
        if self.one_task:
            return [str(line) for (line,) in lines.collect()]
        lines.write.mode("append").text(self.publication.output(f"raw_csv/{look}"))
        return []

    def bronze_parts(self) -> list[str]:
        """The files of bronze rows that the first look left."""
        return self._parts(*[f"first/is_silver={kind}" for kind in _PARTS])

    def stage_bronze(self) -> Staged:
        """What the first look read as one file."""
        return self.publication.stage_parquet(BRONZE, self.bronze_parts(), BRONZE_COLUMNS)

    def stage_silver(self) -> Staged:
        """What both looks left for silver as one file."""
        parts = self.silver_parts("first", "second")
        return self.publication.stage_parquet(SILVER, parts, SILVER_COLUMNS)

    def stage_quarantine(self) -> Staged:
        """What the second look rejected as one file."""
        parts = self._parts("second/is_silver=false")
        return self.publication.stage_parquet(QUARANTINE, parts, QUARANTINE_COLUMNS)

    def stage_csv(self, lines: list[str]) -> Staged:
        """What `write_csv` gave and what it left as one file."""
        names = sorted(self.files.names(self._folder("raw_csv")))
        parts = self._parts(*[f"raw_csv/{name}" for name in names])
        return self.publication.stage_csv(RAW_CSV_COLUMNS, lines, parts)

    def count_rejected(self) -> dict[str, int]:
        """How many values the second look rejected, by reason."""
        parts = self._parts("second/is_silver=false")
        if not parts:
            return {}
        reasons = self._read(parts, "reason string")
        if self.one_task:
            # To shuffle them would be another stage.
            return dict(sorted(Counter(str(reason) for (reason,) in reasons.coalesce(1).collect()).items()))
        return {str(reason): int(n) for reason, n in sorted(reasons.groupBy("reason").count().collect())}

    def _folder(self, name: str) -> str:
        return f"{self.publication.folder}/{name}"

    def _parts(self, *names: str) -> list[str]:
        """The data files in these staged folders."""
        return [part for name in names for part in self.publication.parts(self._folder(name))]

    def _write_two_parts(self, rows: DataFrame, look: str) -> None:
        output = self.publication.output(look, *[f"is_silver={kind}" for kind in _PARTS])
        rows.write.mode("append").partitionBy("is_silver").options(**_OPTIONS).parquet(output)

    def _read(self, paths: list[str], schema: str = SILVER_SCHEMA) -> DataFrame:
        return self.files.read_parquet(paths, schema)

    def _in_few_tasks(self, rows: DataFrame) -> DataFrame:
        return rows.coalesce(1) if self.one_task else rows


# Made once: dozens of calls into the JVM, which would cost a small batch more than its records.
@lru_cache(maxsize=1)
def _second_look_columns() -> list[Column]:
    rejected = [F.col("value").alias("bad_json"), F.col("kafka_ts").alias("bad_ingest_ts"), F.col("reason")]
    return [*map(F.col, SILVER_COLUMNS), *rejected, F.col("reason").isNull().alias("is_silver")]
