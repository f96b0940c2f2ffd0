"""The staging of a micro-batch whose files the executors write (SINK_FILES=parallel).

What the parse has staged is read back, of each sink only its columns, and written as the sink's files: one
task for each part of the batch. The driver sees names, footers and counts, and none of the data.

Gold reads a file of silver as soon as it has its name, and knows it by that name from then on. A replay must
therefore give each name the rows that it had. So the parts follow from the planned offsets alone, never from
tasks, cores or the size of records: the records, in the order of partition and offset, are cut into slices of
equal length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Mapping, Optional

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.errors import JobError
from medallion.offset_log import Range, count_of
from medallion.raw_csv import raw_csv
from medallion.sinks.file_committer import StagedFiles, task_of
from medallion.sinks.naming import RAW_CSV, Sink
from medallion.sinks.single_file import PARQUET_OPTIONS, SILVER_ROWS, SingleFileStaging

#: The place of a row within its task, in what monotonically_increasing_id gives.
_PLACE = (1 << 33) - 1

#: A part has at most so many records. With another number here a replay of a batch that is committed in
#: part would divide it otherwise.
PART_RECORDS = 100_000
#: The same for the number of parts: each is a branch of a plan, and a file.
MOST_PARTS = 100

#: The offsets of a part by partition; None for whatever a batch has.
Slice = Optional[Mapping[int, Range]]


@dataclass(frozen=True)
class ParallelFileStaging(SingleFileStaging):
    """The staging of one batch, which covers `ranges`, None where that is not known."""

    ranges: Optional[Mapping[str, Range]] = None

    def stage_raw_csv(self) -> StagedFiles:
        """The silver rows as CSV, a file with a header for each part that has some. The rows are those that
        the tasks have counted; the files have every byte that these have written.
        """
        sources = self._parts(SILVER_ROWS)
        if not sources:
            return StagedFiles(RAW_CSV, 0)
        lines = self._divided(sources, self._silver_schema(), [raw_csv(self.pipeline).alias("line")])
        # Spark's writer of texts has no header: the first line of each task brings it along.
        is_first = F.monotonically_increasing_id().bitwiseAND(F.lit(_PLACE)) == 0
        header = F.lit(",".join(self.pipeline.raw_csv_columns) + "\n")
        written = lines.select(F.when(is_first, F.concat(header, "line")).otherwise(F.col("line")))
        counts = Observation()
        (text,) = written.columns
        size = F.sum(F.octet_length(F.col(sql.name(text))) + 1)
        observed = written.observe(counts, F.count("*").alias("rows"), size.alias("bytes"))
        observed.write.mode("append").text(self.committer.output(RAW_CSV.folder))
        sizes = {part: self.files.size(part) for part in self.committer.parts(RAW_CSV.folder)}
        rows, expected = int(counts.get["rows"]), int(counts.get["bytes"] or 0)
        if sum(sizes.values()) != expected:
            raise self._broken(RAW_CSV, f"{expected:,} bytes were written", f"{sum(sizes.values()):,}")
        return StagedFiles(RAW_CSV, rows, {task_of(part): part for part in sizes if sizes[part]}, sizes)

    @property
    def _stages_lines(self) -> bool:
        return False

    def _stage(self, sink: Sink, sources: list[str], schema: str, columns: Mapping[str, str]) -> StagedFiles:
        if not sources:
            return StagedFiles(sink, 0)
        selected = [F.col(sql.name(source)).alias(name) for name, source in columns.items()]
        write = self._divided(sources, schema, selected).write.mode("append")
        write.options(**PARQUET_OPTIONS).parquet(self.committer.output(sink.folder))
        staged = self.committer.stage_parquet_parts(sink, sink.folder)
        rows = sum(map(self.files.parquet_rows, sources))
        if staged.rows != rows:
            raise self._broken(sink, f"{rows:,} rows were read", f"{staged.rows:,}")
        return staged

    def _divided(self, sources: list[str], schema: str, columns: list[Column]) -> DataFrame:
        """These columns of staged files, one task for each part: the task's number is the part's."""
        rows = self.files.read_parquet(sources, schema)
        parts = [rows if part is None else rows.where(condition(part)) for part in divide(self.ranges)]
        return reduce(DataFrame.unionAll, [part.select(*columns).coalesce(1) for part in parts])

    def _broken(self, sink: Sink, expected: str, found: str) -> JobError:
        batch_id, uri = self.committer.batch.batch_id, self.files.uri(self.committer.folder)
        return JobError(
            f"batch {batch_id} is not whole: {expected}, and {found} are in the files of {sink.folder} "
            f"in {uri}",
            "check that every executor writes to the same storage as the driver",
        )


def divide(ranges: Optional[Mapping[str, Range]]) -> list[Slice]:
    """The parts of a batch that covers these offsets; one when they are not known or few."""
    count = count_of(dict(ranges)) if ranges else 0
    parts = min(MOST_PARTS, -(-count // PART_RECORDS))
    if not ranges or parts <= 1:
        return [None]
    length = -(-count // parts)
    slices: list[dict[int, Range]] = [{} for _ in range(-(-count // length))]
    before = 0
    for partition, (start, end) in sorted((int(name), of) for name, of in ranges.items()):
        at = start
        while at < end:
            number = (before + at - start) // length
            until = min(end, start - before + (number + 1) * length)
            slices[number][partition] = Range(at, until)
            at = until
        before += end - start
    return list(slices)


def condition(part: Mapping[int, Range]) -> str:
    """SQL for the rows of a part, by their partition and offset."""
    each = [f"(partition = {n} and offset >= {start} and offset < {end})" for n, (start, end) in part.items()]
    return " or ".join(each)
