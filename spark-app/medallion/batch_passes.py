"""The passes over one micro-batch, each of which stages the files of one or two sinks.

The parse is the only one that reads Kafka. It writes each record once, with the columns of bronze, of silver
and of quarantine side by side, into two folders by the partition column `is_silver` (which is not stored in
the files). Parquet keeps columns apart, so that those of each sink are copied as they are: bronze is its
columns in both folders, silver in the one, quarantine in the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.file_committer import FileCommitter, StagedFile
from medallion.hadoop_files import HadoopFiles
from medallion.naming import BRONZE, QUARANTINE, SILVER
from medallion.pipeline import Pipeline
from medallion.quarantine import QUARANTINE_COLUMNS
from medallion.raw_csv import raw_csv
from medallion.silver import silver_columns, staged_name

#: What is_silver is in the names of folders.
_SILVER, _QUARANTINE = "is_silver=true", "is_silver=false"

#: Of a small batch: the line of raw_csv beside a silver row. No field of an event has a hyphen.
_CSV_LINE = "csv-line"

#: Small row groups, so that a large batch can be read back in parts of about equal size.
_OPTIONS = {"parquet.block.size": str(32 << 20)}


#: `rows_of` the records of a batch.
Rows = Callable[[DataFrame, bool], DataFrame]


def rows_of(pipeline: Pipeline, parsed: DataFrame, one_task: bool) -> DataFrame:
    """What `BatchPasses.write_rows` writes of parsed records."""
    is_silver = F.col("reason").isNull()
    rows = parsed.withColumn("is_silver", is_silver)
    return (
        rows.withColumn(_CSV_LINE, F.when(is_silver, raw_csv(pipeline, few_rows=True))) if one_task else rows
    )


@dataclass(frozen=True)
class BatchPasses:
    """The passes of one batch. `one_task`: the batch is small, so that one task is cheapest."""

    files: HadoopFiles
    committer: FileCommitter
    pipeline: Pipeline
    rows: Rows
    one_task: bool

    def write_rows(self, records: DataFrame) -> None:
        """Every record with what it is."""
        output = self.committer.output("rows", _SILVER, _QUARANTINE)
        options = {**_OPTIONS, **_without_dictionaries(self.pipeline)}
        # A task sets the parse up for each partition that it has, unless they were one before.
        rows = self.rows(records.coalesce(1) if self.one_task else records, self.one_task)
        write = rows.write.mode("append").partitionBy("is_silver")
        write.options(**options).parquet(output)

    def write_csv(self) -> list[str]:
        """The silver rows as lines of raw_csv: in a folder of its name, or of a small batch as the result,
        which the driver reads: a job would take several times as long.
        """
        parts = self._parts(_SILVER)
        if self.one_task or not parts:
            return [line for part in parts for line in self.files.parquet_texts(part, _CSV_LINE)]
        columns = silver_columns(self.pipeline)
        schema = sql.ddl({staged_name(name): data_type for name, data_type in columns.items()})
        lines = self.files.read_parquet(parts, schema).select(raw_csv(self.pipeline))
        lines.write.mode("append").text(self.committer.output("raw_csv"))
        return []

    def bronze_parts(self) -> list[str]:
        """The files of rows that were read."""
        return self._parts(_SILVER, _QUARANTINE)

    def stage_bronze(self) -> StagedFile:
        """All that was read as one file."""
        columns = {name: name for name in BRONZE_COLUMNS}
        return self.committer.stage_parquet(BRONZE, self.bronze_parts(), columns)

    def stage_silver(self) -> StagedFile:
        """The silver rows as one file."""
        columns = {name: staged_name(name) for name in silver_columns(self.pipeline)}
        return self.committer.stage_parquet(SILVER, self._parts(_SILVER), columns)

    def stage_quarantine(self) -> StagedFile:
        """What was rejected as one file."""
        return self.committer.stage_parquet(QUARANTINE, self._parts(_QUARANTINE), QUARANTINE_COLUMNS)

    def stage_csv(self, lines: list[str]) -> StagedFile:
        """What `write_csv` gave or left as one file."""
        parts = self.committer.parts("raw_csv")
        return self.committer.stage_csv(self.pipeline.raw_csv_columns, lines, parts)

    def count_rejected(self) -> dict[str, int]:
        """How many values were rejected, by reason."""
        parts = self._parts(_QUARANTINE)
        if not parts:
            return {}
        reasons = self.files.read_parquet(parts, "reason string")
        if self.one_task:
            # To shuffle them would be another stage.
            return dict(sorted(Counter(str(reason) for (reason,) in reasons.coalesce(1).collect()).items()))
        return {str(reason): int(n) for reason, n in sorted(reasons.groupBy("reason").count().collect())}

    def _parts(self, *folders: str) -> list[str]:
        """The data files in these folders of staged rows."""
        return [part for folder in folders for part in self.committer.parts(f"rows/{folder}")]


def _without_dictionaries(pipeline: Pipeline) -> dict[str, str]:
    """Hardly two values of these columns are the same: looking for repetitions costs time and finds none."""
    types = silver_columns(pipeline)
    different = [
        staged_name(name) for name, data_type in types.items() if data_type in ("double", "timestamp")
    ]
    names = ("value", "detail", "offset", _CSV_LINE, *different)
    return {f"parquet.enable.dictionary#{name}": "false" for name in names}
