"""The check that a micro-batch is whole: bronze has every record that the offset log planned, and
every row of bronze is in silver or quarantine. It runs before any file of a batch is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, Optional

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from medallion.bronze import BRONZE_SCHEMA
from medallion.errors import JobError, refusal
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import Range, count_of
from medallion.sinks.naming import BRONZE, QUARANTINE, RAW_CSV, SILVER
from medallion.topic import Found, RecordLookup


@dataclass(frozen=True)
class WholeBatch:
    """The check of one attempt at a batch, staged in `folder`. `ranges` are the planned offsets,
    None where they are not known. With `accepts_loss`, records that retention removed before they
    were read are not an error.
    """

    spark: SparkSession
    files: HadoopFiles
    lookup: RecordLookup
    accepts_loss: bool
    batch_id: int
    ranges: Optional[dict[str, Range]]
    folder: str

    def require(self, rows: Mapping[str, int], bronze_parts: Callable[[], list[str]]) -> None:
        """Raises JobError unless the batch is whole, by the number of staged rows of each sink. The
        exit code is 78 when driver and executors do not share the storage; otherwise a restart runs
        the batch again. `bronze_parts` returns the files from which bronze is made.
        """
        bronze, silver, quarantine, csv = (
            rows[sink.folder] for sink in (BRONZE, SILVER, QUARANTINE, RAW_CSV)
        )
        if self.ranges is not None:
            self._require_planned(bronze, bronze_parts, self.ranges)
        if bronze != silver + quarantine:
            raise self._broken(
                f"{bronze:,} rows in bronze, {silver:,} in silver and {quarantine:,} in quarantine"
            )
        if silver != csv:
            raise self._broken(f"{silver:,} rows in silver and {csv:,} in raw_csv")

    def _require_planned(
        self, bronze: int, bronze_parts: Callable[[], list[str]], ranges: dict[str, Range]
    ) -> None:
        planned = count_of(ranges)
        if bronze == planned:
            return
        counts = f"{planned:,} records planned and {bronze:,} rows in bronze"
        if bronze > planned:
            raise self._broken(counts)
        found = self.lookup(ranges)
        # Without retention the counts are enough. A transactional topic has fewer records than
        # offsets in every batch, so this has to be cheap.
        untouched = all(found[partition].first == start for partition, (start, _) in ranges.items())
        if untouched and sum(of.records for of in found.values()) <= bronze:
            return
        lost = self._lost(bronze_parts(), ranges, found)
        if lost:
            self._refuse_separate_disks(counts)
            raise self._broken(f"{counts}; the topic has {', '.join(lost)}")

    def _lost(self, bronze_parts: list[str], ranges: dict[str, Range], found: dict[str, Found]) -> list[str]:
        """A phrase for each partition whose records are not all in bronze."""
        rows = self._rows_by_partition(bronze_parts, found)
        lost = []
        for partition, (start, end) in sorted(ranges.items(), key=lambda item: int(item[0])):
            of = found[partition]
            before, since = rows.get(partition, (0, 0))
            # There may be more rows than records: the topic was compacted since they were read.
            if since < of.records:
                lost.append(
                    f"{of.records:,} records at offsets {of.first} to {end - 1} of partition {partition}, "
                    f"bronze {since:,}"
                )
            elif before < of.first - start and not self.accepts_loss:
                lost.append(f"no more offsets {start} to {of.first - 1} of partition {partition}")
        return lost

    def _rows_by_partition(self, parts: list[str], found: dict[str, Found]) -> dict[str, tuple[int, int]]:
        """The number of rows before and from the first offset that a partition still has."""
        if not parts:
            return {}
        first = ", ".join(f"{partition}, {of.first}L" for partition, of in found.items())
        before = F.expr(f"count_if(offset < map({first})[partition])")
        rows = self.files.read_parquet(parts, BRONZE_SCHEMA).groupBy("partition").agg(before, F.count("*"))
        return {str(partition): (before, all_ - before) for partition, before, all_ in rows.collect()}

    def _refuse_separate_disks(self, counts: str) -> None:
        """Raises JobError (exit code 78) when the driver does not see what executors write."""
        tasks = max(2, self.spark.sparkContext.defaultParallelism)
        folder = f"{self.folder}/seen"
        self.spark.range(0, tasks, 1, tasks).select(F.col("id").cast("string")).write.text(
            self.files.uri(folder)
        )
        seen = sum(name.startswith("part-") for name in self.files.names(folder))
        if seen < tasks:
            raise refusal(
                f"batch {self.batch_id} is not whole: {counts}; the executors wrote to "
                f"{self.files.uri(self.folder)} on their own disk: of {tasks} files the driver sees {seen}",
                "OUTPUT_PATH must be on storage that driver and executors share; nothing of the batch was "
                "committed, and its offsets are not committed",
            )

    def _broken(self, counts: str) -> JobError:
        return JobError(
            f"batch {self.batch_id} is not whole: {counts}",
            "its offsets are not committed: the next start runs it again",
        )
