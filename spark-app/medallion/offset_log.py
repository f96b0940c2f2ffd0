"""A query's offset log, with the offsets of each micro-batch. Spark writes an entry before the
batch runs.

One file per batch id below `_chk/<query>/offsets/`: a version line, a line of JSON metadata with
`batchTimestampMs`, and one line of JSON per source: for Kafka {"<topic>":{"<partition>":<next
offset>}}, for a folder of files {"logOffset":<the last entry of its log>}. (Spark's OffsetSeqLog)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple, Optional

from medallion.errors import refusal
from medallion.hadoop_files import HadoopFiles

CHECKPOINTS = "_chk"


class Range(NamedTuple):
    """Offsets of a partition: the first one, and the one after the last."""

    start: int
    end: int


@dataclass(frozen=True)
class Batch:
    """A planned micro-batch: its time (ms since 1970, UTC) and where it ends.

    `end_offsets` has the offset after the last record by partition of a topic, `log_offset` the
    last entry of a folder's log (see `FileSourceLog`). `partitions` is the number of partitions of
    the query's state.
    """

    batch_id: int
    time_ms: int
    end_offsets: dict[str, int]
    log_offset: Optional[int] = None
    partitions: int = 0


def count_of(ranges: dict[str, Range]) -> int:
    """The number of offsets in the ranges."""
    return sum(end - start for start, end in ranges.values())


class OffsetLog:
    """The offset log and the commit log of one query, which began at the offsets `start` (by
    partition).
    """

    def __init__(self, files: HadoopFiles, query: str, start: Optional[dict[str, int]] = None) -> None:
        self._files = files
        self.query = query
        #: The offsets at which the query began, None where they are not known.
        self.start = start
        self.checkpoint = f"{CHECKPOINTS}/{query}"

    def read(self, batch_id: int) -> Optional[Batch]:
        """The batch as it was planned, or None when Spark has purged it (minBatchesToRetain)."""
        text = self._files.read_text(f"{self.checkpoint}/offsets/{batch_id}")
        if text is None:
            return None
        _, first, *sources = text.strip().split("\n")
        metadata = json.loads(first)
        ends = [end for line in sources for end in json.loads(line).values()]
        topics = [end for end in ends if isinstance(end, dict)]
        return Batch(
            batch_id,
            int(metadata["batchTimestampMs"]),
            {partition: offset for offsets in topics for partition, offset in offsets.items()},
            next((int(end) for end in ends if not isinstance(end, dict)), None),
            int(metadata.get("conf", {}).get("spark.sql.shuffle.partitions", 0)),
        )

    def planned(self, batch_id: int) -> Batch:
        """The batch that is running. Raises OSError without its entry: the batch must not write
        anything then.
        """
        batch = self.read(batch_id)
        if batch is None:
            raise OSError(
                f"{self._files.uri(self.checkpoint)}/offsets/{batch_id} is not there: the batch has no name"
            )
        return batch

    def ranges(self, batch: Batch) -> Optional[dict[str, Range]]:
        """The offsets of a batch, None when it is not known where it begins."""
        before = self.read(batch.batch_id - 1) if batch.batch_id else None
        start = before.end_offsets if before else self.start if batch.batch_id == 0 else None
        if start is None:
            return None
        # A new partition begins at its first record.
        return {
            partition: Range(start.get(partition, 0), end) for partition, end in batch.end_offsets.items()
        }

    def refuse_lost(self, batch: Batch) -> None:
        """Raises JobError (exit code 78) when another driver has taken this batch over: it is
        committed, or its entry in the offset log is no longer the one that this driver's query
        wrote.
        """
        entry = f"{self._files.uri(self.checkpoint)}/offsets/{batch.batch_id}"
        if self._files.exists(f"{self.checkpoint}/commits/{batch.batch_id}"):
            cause = f"batch {batch.batch_id} is committed already"
        elif self.read(batch.batch_id) != batch:
            cause = f"{entry} is not what this driver planned"
        else:
            return
        raise refusal(
            f"another driver works on the checkpoint {self._files.uri(self.checkpoint)}: {cause}; "
            "this driver committed nothing of it",
            "stop the other driver, or leave this one stopped: a checkpoint is for one driver at a time",
        )

    def sync(self, batch_id: int, *others: str) -> None:
        """Flushes the entries on which a batch relies to the local disk: without its own entry in
        the offset log a replay would give the files other names. Spark leaves flushing to the
        operating system. `others` are more files of the checkpoint.
        """
        relied_on = [f"offsets/{batch_id}", f"commits/{batch_id - 1}" if batch_id else "sources/0/0", *others]
        paths = [f"{self.checkpoint}/{name}" for name in relied_on]
        self._files.sync(path for path in paths if self._files.exists(path))

    def state_files(self, batch: Batch) -> dict[str, list[str]]:
        """The names of the files of the state after a batch, by the folder of each partition."""
        folders = [f"state/0/{partition}" for partition in range(batch.partitions)]
        names = {folder: self._files.names(f"{self.checkpoint}/{folder}") for folder in folders}
        version = f"{batch.batch_id + 1}."
        return {folder: [name for name in names[folder] if name.startswith(version)] for folder in folders}

    def last_committed(self) -> int:
        """The newest batch id in the commit log, -1 when there is none."""
        return self._newest("commits")

    def last_planned(self) -> int:
        """The newest batch id in the offset log, -1 when there is none."""
        return self._newest("offsets")

    def _newest(self, kind: str) -> int:
        names = self._files.names(f"{self.checkpoint}/{kind}")
        return max((int(name) for name in names if name.isdigit()), default=-1)

    def has_start(self) -> bool:
        """Whether the query has fixed its start offsets."""
        return self._files.exists(f"{self.checkpoint}/sources/0/0")
