"""Repair of a checkpoint: files that a power cut left empty or torn are recovered where that is
safe.

A file that Spark or this job writes there is either whole or missing, as long as the disk keeps the
order of writes. Where it did not, a start would end with an exception that names no file. These can
be recovered:

- The newest commit, and the state after a batch of gold: the batch runs again and replaces its own
  files.
- The newest entry of the offset log when its batch is not committed, and entries of the file source
  of a gold query since the last committed batch: the files of the batch are deleted, since their
  names came from that entry, and the batch is planned again.
- The first offsets of `ingest`, which `_source.json` also has, and a query's id, on which nothing
  depends.

A batch of `ingest` runs again only if the topic still has its records, a batch of gold only if
silver still has its files and the state before it exists. Everything else ends with exit code 78,
the file's name and the next command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Optional

from medallion import log
from medallion.errors import JobError, refusal
from medallion.file_source_log import COMPACT, FileSourceLog, name_of
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS, Batch, OffsetLog
from medallion.sinks.naming import INGEST, INGEST_SINKS, SILVER, Sink, batch_of, gold_sink
from medallion.topic import Topic


def damaged(uri: str, why: str = "") -> JobError:
    """The error (exit code 78) for a file that is empty or torn and cannot be recovered."""
    return refusal(
        f"{uri} is missing, empty or torn, as after a power cut{why and f', and {why}'}",
        "`npm run reset -- --keep-topic` reads the topic again from its start",
    )


class _QueryRepair:
    """The steps of the repair that every query has. `sinks` are those that the query writes."""

    def __init__(self, files: HadoopFiles, offset_log: OffsetLog, sinks: Sequence[Sink]) -> None:
        self._files = files
        self._log = offset_log
        self._sinks = sinks

    def _path(self, name: str) -> str:
        return f"{self._log.checkpoint}/{name}"

    def _uri(self, name: str) -> str:
        return self._files.uri(self._path(name))

    def _repair_metadata(self) -> None:
        text = self._files.read_text(self._path("metadata"))
        if text is not None and not _is_json(text):
            self._files.delete(self._path("metadata"))
            log.info(f"{self._uri('metadata')} was empty or torn: the query gets a new id")

    def _repair_newest_commit(self) -> None:
        committed = self._log.last_committed()
        if committed < 0 or self._is_whole(f"commits/{committed}"):
            return
        before = f"commits/{committed - 1}"
        if committed and not self._is_whole(before):
            raise damaged(self._uri(before), "so is the commit of the batch after it")
        self._run_again(committed, self._uri(f"commits/{committed}"))

    def _run_again(self, committed: int, uri: str) -> None:
        """Removes the commit of the newest batch."""
        self._files.delete(self._path(f"commits/{committed}"))
        log.info(f"{uri} was missing, empty or torn: batch {committed} runs again")

    def _repair_newest_plan(self) -> None:
        planned, committed = self._log.last_planned(), self._log.last_committed()
        if committed > planned:
            raise damaged(self._uri(f"offsets/{committed}"), f"batch {committed} is committed")
        # Spark starts from the newest entry and the one before it.
        if planned > 0 and self._plan(planned - 1) is None:
            raise damaged(self._uri(f"offsets/{planned - 1}"), f"batch {planned} begins where it ends")
        if planned < 0 or self._plan(planned):
            return
        uri = self._uri(f"offsets/{planned}")
        if committed == planned:
            raise damaged(uri, f"batch {planned} is committed")
        self._require_replannable(planned, uri)
        self._forget_plan(planned, f"{uri} was empty or torn")

    def _require_replannable(self, batch_id: int, uri: str) -> None:
        """Raises JobError when a batch could not be planned again."""

    def _forget_plan(self, planned: int, cause: str) -> None:
        """Removes the entry of a batch that is not committed, and the files whose names came from
        it.
        """
        for sink in self._sinks:
            for name in self._files.names(sink.folder):
                if batch_of(sink, name) == planned:
                    self._files.delete(f"{sink.folder}/{name}")
        self._files.delete(self._path(f"offsets/{planned}"))
        log.info(f"{cause}: batch {planned}, which is not committed, is planned again")

    def _plan(self, batch_id: int) -> Optional[Batch]:
        """A batch as it was planned; None when its entry is missing, empty or torn."""
        try:
            return self._log.read(batch_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _is_whole(self, name: str) -> bool:
        """Whether a file of Spark with a version line and a line of JSON exists and is whole."""
        text = self._files.read_text(self._path(name)) or ""
        return _is_json(text.partition("v1\n")[2])


class IngestRepair(_QueryRepair):
    """Checks the files that a start of `ingest` reads. `offset_log` has the query's start
    offsets.
    """

    def __init__(self, files: HadoopFiles, offset_log: OffsetLog, topic: Topic) -> None:
        super().__init__(files, offset_log, INGEST_SINKS)
        self._topic = topic

    def run(self) -> None:
        """Recovers what it can. Raises JobError (exit code 78) for what it cannot."""
        self._repair_metadata()
        self._repair_first_offsets()
        self._repair_newest_commit()
        self._repair_newest_plan()

    def _repair_first_offsets(self) -> None:
        name, start = "sources/0/0", self._log.start
        # In this order, since reading a file completes one that was written and not renamed.
        if start is None or self._is_whole(name) or not self._log.has_start():
            return
        # Spark's form: a zero byte, the version, a line of JSON.
        self._files.write_text(self._path(name), f"\0v1\n{json.dumps({self._topic.name: start})}")
        log.info(f"{self._uri(name)} was empty or torn: the query's first offsets are those of _source.json")

    def _require_replannable(self, batch_id: int, uri: str) -> None:
        before = self._log.read(batch_id - 1) if batch_id else None
        begin = before.end_offsets if before else self._log.start
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
        silver = {name for name in self._files.names(SILVER.folder) if batch_of(SILVER, name) == batch_id}
        if not silver:
            return
        # Other names there begin with an underscore, which no table's name does.
        names = [name for name in self._files.names(CHECKPOINTS) if name != INGEST and name[0] != "_"]
        for query in names:
            source = FileSourceLog(self._files, query)
            # A torn entry may have been one of these.
            found = [source.read(entry) for entry in source.entries().values()]
            if any(entry is None or any(name_of(uri) in silver for uri, _ in entry) for entry in found):
                raise damaged(uri, f"{query} has read the silver of its batch")


class GoldRepair(_QueryRepair):
    """Checks the files that a start of a gold query reads."""

    def __init__(self, files: HadoopFiles, table: str) -> None:
        super().__init__(files, OffsetLog(files, table), [gold_sink(table)])
        self._source = FileSourceLog(files, table)

    def run(self) -> None:
        """Recovers what it can. Raises JobError (exit code 78) for what it cannot."""
        self._repair_metadata()
        self._repair_newest_commit()
        self._repair_newest_plan()
        self._repair_source_log()
        self._repair_state()

    def _look_of(self, batch_id: int) -> int:
        """The newest entry of the file source that a batch includes, -1 where none is known."""
        plan = self._plan(batch_id) if batch_id >= 0 else None
        return plan.log_offset if plan and plan.log_offset is not None else -1

    def _repair_source_log(self) -> None:
        entries = {number: (name, self._source.read(name)) for number, name in self._source.entries().items()}
        committed = self._log.last_committed()
        through = self._look_of(committed)
        compact = max((number for number, (name, _) in entries.items() if name.endswith(COMPACT)), default=-1)
        # Spark reads the newest compact entry and those after it.
        torn = [number for number, (_, found) in entries.items() if found is None]
        needed = [number for number in torn if number >= min(compact, through)]
        if needed:
            uri = self._uri(f"sources/0/{entries[needed[0]][0]}")
            if needed[0] <= through:
                raise damaged(uri, f"batch {committed} is committed")
            self._look_again(through, f"{uri} was empty or torn")
            return
        # Spark would read missing files as empty. It knows committed files by name.
        later = [found or [] for number, (_, found) in entries.items() if number > through]
        uris = [uri for found in later for uri, look in found if look > through]
        if any(not self._files.is_in(uri, SILVER.folder) for uri in uris):
            self._look_again(through, f"the outputs were moved to {self._files.uri()}")
            return
        gone = sorted(set(map(name_of, uris)) - set(self._files.names(SILVER.folder)))
        if gone:
            raise damaged(f"{self._files.uri(SILVER.folder)}/{gone[0]}", f"{self._log.query} has not read it")

    def _look_again(self, through: int, cause: str) -> None:
        """Removes the entries of the source since the last commit, and the batch that was planned
        from them.
        """
        planned, committed = self._log.last_planned(), self._log.last_committed()
        if planned > committed:
            self._forget_plan(planned, cause)
        entries = self._source.entries()
        for number in sorted(entries, reverse=True):
            if number > through:
                self._files.delete(self._path(f"sources/0/{entries[number]}"))
        log.info(f"{cause}: {self._log.query} lists silver again for files since batch {committed}")

    def _repair_state(self) -> None:
        committed = self._log.last_committed()
        broken = self._damage_of_state(committed)
        if broken is None:
            return
        before = self._damage_of_state(committed - 1)
        if before is not None:
            raise damaged(broken, f"so is {before}")
        self._run_again(committed, broken)

    def _damage_of_state(self, batch_id: int) -> Optional[str]:
        """The file of the state after a batch that is missing or empty; None when the state is
        whole.
        """
        plan = self._plan(batch_id) if batch_id >= 0 else None
        for folder, names in (self._log.state_files(plan) if plan else {}).items():
            # A power cut may leave zero bytes. No file of a state begins with one.
            broken = [name for name in names if not self._files.first_byte(self._path(f"{folder}/{name}"))]
            if broken or not names:
                return self._uri(f"{folder}/{broken[0] if broken else f'{batch_id + 1}.delta'}")
        return None

    def _run_again(self, committed: int, uri: str) -> None:
        """Raises JobError when the batch cannot run again."""
        if committed != self._log.last_planned():
            raise damaged(uri, f"batch {committed + 1} is planned already")
        through, before = self._look_of(committed), self._look_of(committed - 1)
        if through < 0 or (committed and self._plan(committed - 1) is None):
            raise damaged(uri, f"what batch {committed} covers is not known")
        try:
            found = self._source.names(-1, through) - self._source.names(-1, before)
        except ValueError as error:
            raise damaged(uri, str(error)) from error
        gone = sorted(found - set(self._files.names(SILVER.folder)))
        if gone:
            raise damaged(uri, f"batch {committed} cannot run again: silver has no more {gone[0]}")
        super()._run_again(committed, uri)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
