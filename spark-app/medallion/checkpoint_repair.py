"""Half a checkpoint: files that a power cut left empty or torn, recovered where that is safe.

What Spark and this job write there is whole or not there, as long as the disk keeps the order of what
was written. Where it did not, a start would end with an exception that names no file. What can be
recovered:

- The newest commit: its batch runs again and replaces its own files.
- The newest entry of the offset log, when its batch is not committed: what the batch published goes,
  since its name came from that entry, and the batch is planned again.
- The query's first offsets, which `_source.json` has, too; and the query's id, which nothing depends on.

A batch runs again only if the topic still has its records. Everything else ends with exit code 78, the
file's name and the next command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Optional

from medallion import log
from medallion.errors import JobError, refusal
from medallion.file_source_log import FileSourceLog, name_of
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS, Batch, OffsetLog
from medallion.sinks.naming import INGEST, INGEST_SINKS, SILVER, Sink, batch_of
from medallion.topic import Topic


def damaged(uri: str, why: str = "") -> JobError:
    """The error (exit code 78) for a file that is empty or torn and cannot be recovered."""
    return refusal(
        f"{uri} is missing, empty or torn, as after a power cut{why and f', and {why}'}",
        "`npm run reset -- --keep-topic` reads the topic again from its start",
    )


class QueryRepair:
    """What the repair of any query's checkpoint needs. `sinks` are those that the query fills."""

    def __init__(self, files: HadoopFiles, log: OffsetLog, sinks: Sequence[Sink]) -> None:
        self._files = files
        self._log = log
        self._sinks = sinks

    def _repair_metadata(self) -> None:
        path = f"{self._log.checkpoint}/metadata"
        text = self._files.read_text(path)
        if text is not None and not is_json(text):
            self._files.delete(path)
            log.info(f"{self._files.uri(path)} was empty or torn: the query gets a new id")

    def _forget_plan(self, planned: int, cause: str) -> None:
        """Takes the entry of a batch that is not committed away, with what it published: the names came from
        that entry.
        """
        for sink in self._sinks:
            for name in self._files.names(sink.folder):
                if batch_of(sink, name) == planned:
                    self._files.delete(f"{sink.folder}/{name}")
        self._files.delete(f"{self._log.checkpoint}/offsets/{planned}")
        log.info(f"{cause}: batch {planned}, which is not committed, is planned again")

    def _plan(self, batch_id: int) -> Optional[Batch]:
        """A batch as it was planned, None when its entry is not there, empty or torn."""
        try:
            return self._log.read(batch_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _is_committed(self, batch_id: int) -> bool:
        """Whether the entry of a batch in the commit log is there and whole."""
        text = self._files.read_text(f"{self._log.checkpoint}/commits/{batch_id}") or ""
        return is_json(text.partition("v1\n")[2])

    def _commit(self, batch_id: int) -> str:
        return self._files.uri(f"{self._log.checkpoint}/commits/{batch_id}")

    def _entry(self, batch_id: int) -> str:
        return self._files.uri(f"{self._log.checkpoint}/offsets/{batch_id}")


class CheckpointRepair(QueryRepair):
    """Looks at what a start of `ingest` reads. `log` knows where the query began."""

    def __init__(self, files: HadoopFiles, log: OffsetLog, topic: Topic) -> None:
        super().__init__(files, log, INGEST_SINKS)
        self._topic = topic

    def run(self) -> None:
        """Recovers what it can. Raises JobError (exit code 78) for what it cannot."""
        self._repair_metadata()
        self._repair_first_offsets()
        self._repair_newest_commit()
        self._repair_newest_plan()

    def _repair_first_offsets(self) -> None:
        path, start = f"{self._log.checkpoint}/sources/0/0", self._log.start
        text = self._files.read_text(path)
        if text is None or is_json(text.partition("v1\n")[2]) or start is None:
            return
        # Spark's form: a zero byte, the version, a line of JSON.
        self._files.write_text(path, f"\0v1\n{json.dumps({self._topic.name: start})}")
        log.info(
            f"{self._files.uri(path)} was empty or torn: the query's first offsets are those of _source.json"
        )

    def _repair_newest_commit(self) -> None:
        for found in range(2):
            committed = self._log.last_committed()
            if committed < 0 or self._is_committed(committed):
                return
            if found:
                raise damaged(self._commit(committed), "so was the commit of the batch after it")
            self._files.delete(f"{self._log.checkpoint}/commits/{committed}")
            log.info(f"{self._commit(committed)} was empty or torn: batch {committed} runs again")

    def _repair_newest_plan(self) -> None:
        planned, committed = self._log.last_planned(), self._log.last_committed()
        if committed > planned:
            raise damaged(self._entry(committed), f"batch {committed} is committed")
        if planned < 0:
            return
        # Spark starts from the newest entry and the one before it.
        if planned > 0 and self._plan(planned - 1) is None:
            raise damaged(self._entry(planned - 1), f"batch {planned} begins where it ends")
        if self._plan(planned):
            return
        if committed == planned:
            raise damaged(self._entry(planned), f"batch {planned} is committed")
        self._require_records_from(planned, self._entry(planned))
        self._require_unread(planned)
        self._forget_plan(planned, f"{self._entry(planned)} was empty or torn")

    def _require_unread(self, batch_id: int) -> None:
        """Raises JobError when a gold query has read silver of a batch that would be planned again."""
        silver = {name for name in self._files.names(SILVER.folder) if batch_of(SILVER, name) == batch_id}
        if not silver:
            return
        # What is there besides the queries begins with an underscore, as no table's name does.
        names = [name for name in self._files.names(CHECKPOINTS) if name != INGEST and name[0] != "_"]
        for query in names:
            log = FileSourceLog(self._files, query)
            # A torn entry may have been one of these.
            found = [log.read(entry) for entry in log.entries().values()]
            if any(entry is None or any(name_of(uri) in silver for uri, _ in entry) for entry in found):
                raise damaged(self._entry(batch_id), f"{query} has read the silver that its batch published")

    def _require_records_from(self, batch_id: int, uri: str) -> None:
        begin = self._begin_of(batch_id)
        if begin is None:
            raise damaged(uri, f"where batch {batch_id} begins is not known")
        gone = [
            f"{begin.get(partition, 0)} of partition {partition}"
            for partition, earliest in self._topic.earliest.items()
            if earliest > begin.get(partition, 0)
        ]
        if gone:
            raise damaged(
                uri, f"batch {batch_id} cannot run again: the topic has no more offset {', '.join(gone)}"
            )

    def _begin_of(self, batch_id: int) -> Optional[dict[str, int]]:
        if batch_id == 0:
            return self._log.start
        before = self._log.read(batch_id - 1)
        return before.end_offsets if before else None


def is_json(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
