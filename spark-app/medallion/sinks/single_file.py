"""The staging of one micro-batch: a Spark job that parses it, and one step for each sink.

The parse is the only step that reads Kafka. It writes each record once, with the columns of bronze,
of silver and of quarantine side by side, into two folders by the partition column `is_silver`
(which is not stored in the files). Parquet stores columns separately, so those of each sink can be
copied as they are: bronze's from both folders, silver's from the one, quarantine's from the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS, BRONZE_SCHEMA
from medallion.hadoop_files import HadoopFiles
from medallion.pipeline import Pipeline
from medallion.quarantine import QUARANTINE_COLUMNS
from medallion.raw_csv import header, raw_csv
from medallion.silver import IS_SILVER, count_unmet, silver_columns, staged_name, unmet
from medallion.sinks.file_committer import FileCommitter, StagedFiles
from medallion.sinks.naming import BRONZE, QUARANTINE, SILVER, Sink

#: The values of is_silver in the names of folders.
SILVER_ROWS, QUARANTINE_ROWS = f"{IS_SILVER}=true", f"{IS_SILVER}=false"

#: The column with the line of raw_csv of a silver row, in a small batch.
_CSV_LINE = f"{sql.HELPER}line"
#: The column with the expectations that a silver row does not meet.
_UNMET = f"{sql.HELPER}unmet"

#: Small row groups, so that a large batch can be read back in parts of about equal size.
PARQUET_OPTIONS = {"parquet.block.size": str(32 << 20)}

#: Quarantine's columns by their staged names.
_QUARANTINE_SCHEMA = (
    "value string, kafka_ts timestamp, reason string, detail string, "
    "topic string, partition int, offset bigint"
)

#: The result of `rows_of` for the records of a batch.
Rows = Callable[[DataFrame, bool], DataFrame]


def rows_of(pipeline: Pipeline, parsed: DataFrame, has_lines: bool) -> DataFrame:
    """The columns that `SingleFileStaging.write_rows` writes for parsed records, with lines of
    raw_csv or without.
    """
    is_silver = F.col("reason").isNull()
    rows = parsed.withColumn(IS_SILVER, is_silver)
    if pipeline.expect:
        rows = rows.withColumn(_UNMET, F.when(is_silver, F.expr(unmet(pipeline))))
    if not has_lines:
        return rows
    return rows.withColumn(_CSV_LINE, F.when(is_silver, raw_csv(pipeline, few_rows=True)))


@dataclass(frozen=True)
class SingleFileStaging:
    """The staging of one batch. With `one_task` the batch is small, so one task is cheapest."""

    files: HadoopFiles
    committer: FileCommitter
    pipeline: Pipeline
    rows: Rows
    one_task: bool

    def write_rows(self, records: DataFrame) -> None:
        """Writes every record with the columns of all sinks."""
        output = self.committer.output("rows", SILVER_ROWS, QUARANTINE_ROWS)
        options = {**PARQUET_OPTIONS, **_without_dictionaries(self.pipeline)}
        # A task sets up the parse for each of its partitions, so they are combined first.
        rows = self.rows(records.coalesce(1) if self.one_task else records, self._stages_lines)
        write = rows.write.mode("append").partitionBy(IS_SILVER)
        write.options(**options).parquet(output)

    def stage_raw_csv(self) -> StagedFiles:
        """Stages the silver rows as one CSV file."""
        return self.stage_csv(self.write_csv())

    def write_csv(self) -> list[str]:
        """Makes the lines of raw_csv: in a folder of that name, or for a small batch as the result,
        which the driver reads. A Spark job would take several times as long.
        """
        parts = self._parts(SILVER_ROWS)
        if self.one_task or not parts:
            return [line for part in parts for line in self.files.parquet_texts(part, _CSV_LINE)]
        lines = self.files.read_parquet(parts, self._silver_schema()).select(raw_csv(self.pipeline))
        lines.write.mode("append").text(self.committer.output("raw_csv"))
        return []

    def bronze_parts(self) -> list[str]:
        """The staged files of all records of the batch."""
        return self._parts(SILVER_ROWS, QUARANTINE_ROWS)

    def stage_bronze(self) -> StagedFiles:
        """Stages bronze: every record."""
        return self._stage(
            BRONZE, self.bronze_parts(), BRONZE_SCHEMA, {name: name for name in BRONZE_COLUMNS}
        )

    def stage_silver(self) -> StagedFiles:
        """Stages silver."""
        columns = {name: staged_name(name) for name in silver_columns(self.pipeline)}
        return self._stage(SILVER, self._parts(SILVER_ROWS), self._silver_schema(), columns)

    def stage_quarantine(self) -> StagedFiles:
        """Stages quarantine: the rejected records."""
        sources = self._parts(QUARANTINE_ROWS)
        return self._stage(QUARANTINE, sources, _QUARANTINE_SCHEMA, QUARANTINE_COLUMNS)

    def _stage(self, sink: Sink, sources: list[str], schema: str, columns: Mapping[str, str]) -> StagedFiles:
        """The rows of these staged files, with the given columns by their staged names."""
        return self.committer.stage_parquet(sink, sources, columns)

    def _silver_schema(self) -> str:
        types = silver_columns(self.pipeline)
        return sql.ddl({staged_name(name): data_type for name, data_type in types.items()})

    def stage_csv(self, lines: list[str]) -> StagedFiles:
        """Joins the lines that `write_csv` returned or wrote to one file."""
        parts = self.committer.parts("raw_csv")
        return self.committer.stage_csv(header(self.pipeline), lines, parts)

    def count_rejected(self) -> dict[str, int]:
        """The number of rejected values by reason."""
        parts = self._parts(QUARANTINE_ROWS)
        if not parts:
            return {}
        reasons = self.files.read_parquet(parts, "reason string")
        if self._stages_lines:
            # With few rows, since a shuffle would be another stage. `parquet_texts` reads no dictionary,
            # which this column has.
            return dict(sorted(Counter(str(reason) for (reason,) in reasons.coalesce(1).collect()).items()))
        return {str(reason): int(n) for reason, n in sorted(reasons.groupBy("reason").count().collect())}

    def count_unmet(self) -> dict[str, int]:
        """The number of silver rows for which each expectation of `expect` is false, by its name."""
        parts = self._parts(SILVER_ROWS) if self.pipeline.expect else []
        if self._stages_lines:
            texts = Counter(text for part in parts for text in self.files.parquet_texts(part, _UNMET))
            return count_unmet(self.pipeline, texts.items())
        if not parts:
            return count_unmet(self.pipeline, [])
        rows = self.files.read_parquet(parts, f"{sql.name(_UNMET)} string").groupBy(sql.name(_UNMET)).count()
        return count_unmet(self.pipeline, [(str(text), int(n)) for text, n in rows.collect()])

    @property
    def _stages_lines(self) -> bool:
        """Whether lines of raw_csv are staged together with the columns of the other sinks."""
        return self.one_task

    def _parts(self, *folders: str) -> list[str]:
        """The data files in these folders of staged rows."""
        return [part for folder in folders for part in self.committer.parts(f"rows/{folder}")]


def _without_dictionaries(pipeline: Pipeline) -> dict[str, str]:
    """Disables dictionaries for columns with hardly any repeated values: the search costs time and
    finds none.
    """
    types = silver_columns(pipeline)
    different = [
        staged_name(name) for name, data_type in types.items() if data_type in ("double", "timestamp")
    ]
    names = ("value", "detail", "offset", _CSV_LINE, _UNMET, *different)
    return {f"parquet.enable.dictionary#{name}": "false" for name in names}
