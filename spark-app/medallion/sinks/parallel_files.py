"""The staging of a micro-batch whose files the executors write (SINK_FILES=parallel).

The staged rows of the parse are read back, for each sink only its columns, and written as the
sink's files by one task for each part of the batch. The driver handles names, footers and counts,
and no data.

Gold reads a file of silver as soon as it has its name, and from then on knows it by that name. A
replay must therefore write the same rows under each name. So the parts follow only from the planned
offsets, never from tasks, cores or the size of records: the records, in the order of partition and
offset, are cut into slices of equal length.
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
from medallion.raw_csv import header, raw_csv
from medallion.sinks.file_committer import StagedFiles, task_of
from medallion.sinks.naming import RAW_CSV, Sink
from medallion.sinks.single_file import PARQUET_OPTIONS, SILVER_ROWS, SingleFileStaging

#: The bits of monotonically_increasing_id that number the rows within a task.
_PLACE = (1 << 33) - 1

#: The most records of a part. A change of this number would divide the replay of a partly committed
#: batch differently.
PART_RECORDS = 100_000
#: The most parts of a batch: each is a branch of a plan, and a file. A change has the same effect.
MOST_PARTS = 100

#: The offsets of a part by partition; None for all records of a batch.
Slice = Optional[Mapping[int, Range]]


@dataclass(frozen=True)
class ParallelFileStaging(SingleFileStaging):
    """The staging of one batch, which covers `ranges` (None where that is not known)."""

    ranges: Optional[Mapping[str, Range]] = None

    def stage_raw_csv(self) -> StagedFiles:
        """Stages the silver rows as CSV, a file with a header for each part that has rows. The
        tasks count the rows, and the files must have every byte that the tasks have written.
        """
        sources = self._parts(SILVER_ROWS)
        if not sources:
            return StagedFiles(RAW_CSV, 0)
        lines = self._divided(sources, self._silver_schema(), [raw_csv(self.pipeline).alias("line")])
        # Spark's text writer has no header, so the first line of each task includes it.
        is_first = F.monotonically_increasing_id().bitwiseAND(F.lit(_PLACE)) == 0
        first_line = F.lit(header(self.pipeline) + "\n")
        written = lines.select(F.when(is_first, F.concat(first_line, "line")).otherwise(F.col("line")))
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
        """The given columns of staged files, with one task for each part: the task's number is the
        part's.
        """
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
    """The parts of a batch that covers these offsets: one part when the offsets are few or not
    known.
    """
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
