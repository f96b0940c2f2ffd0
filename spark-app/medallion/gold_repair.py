"""Half a checkpoint of a gold query, recovered where that is safe.

What can be recovered, as `checkpoint_repair` does for `ingest`:

- The newest commit, or the state that its batch has left: the batch runs again and replaces its own file.
- The newest entry of the offset log, and what the file source has noted since the last committed batch: what
  the batch published goes, since its name came from that entry, and the batch is planned again.
- The query's id, which nothing depends on.

A batch runs again only if silver still has its files and the state is there that it begins with. Everything
else ends with exit code 78, the file's name and the next command.
"""

from __future__ import annotations

from typing import Optional

from medallion import log
from medallion.checkpoint_repair import QueryRepair, damaged
from medallion.file_source_log import FileSourceLog, name_of
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.sinks.naming import SILVER, gold_sink


class GoldRepair(QueryRepair):
    """Looks at what a start of a gold query reads."""

    def __init__(self, files: HadoopFiles, table: str) -> None:
        super().__init__(files, OffsetLog(files, table), [gold_sink(table)])
        self._table = table
        self._source = FileSourceLog(files, table)

    def run(self) -> None:
        """Recovers what it can. Raises JobError (exit code 78) for what it cannot."""
        self._repair_metadata()
        self._repair_newest_commit()
        self._repair_newest_plan()
        self._repair_source_log()
        self._repair_state()

    def _repair_newest_commit(self) -> None:
        committed = self._log.last_committed()
        if committed < 0 or self._is_committed(committed):
            return
        uri = self._commit(committed)
        if committed and not self._is_committed(committed - 1):
            raise damaged(self._commit(committed - 1), "so is the commit of the batch after it")
        self._run_again(committed, uri)

    def _repair_newest_plan(self) -> None:
        planned, committed = self._log.last_planned(), self._log.last_committed()
        if committed > planned:
            raise damaged(self._entry(committed), f"batch {committed} is committed")
        if planned < 0 or self._plan(planned):
            return
        if committed == planned:
            raise damaged(self._entry(planned), f"batch {planned} is committed")
        if planned and self._plan(planned - 1) is None:
            raise damaged(self._entry(planned - 1), f"batch {planned} begins where it ends")
        self._forget_plan(planned, f"{self._entry(planned)} was empty or torn")

    def _repair_source_log(self) -> None:
        entries = self._source.entries()
        torn = [number for number, name in entries.items() if self._source.read(name) is None]
        committed = self._log.last_committed()
        plan = self._plan(committed) if committed >= 0 else None
        through = plan.log_offset if plan and plan.log_offset is not None else -1
        compact = max((number for number, name in entries.items() if name.endswith(".compact")), default=-1)
        # Spark reads the newest compact entry and those after it.
        needed = [number for number in torn if number >= min(compact, through)]
        if needed:
            uri = f"{self._files.uri(self._source.folder)}/{entries[needed[0]]}"
            if needed[0] <= through:
                raise damaged(uri, f"batch {committed} is committed")
            self._look_again(through, f"{uri} was empty or torn")
            return
        # Spark would take them for empty. What is committed it knows by name.
        found = [uri for uri, look in self._found_since(through, entries) if look > through]
        if any(not self._files.is_in(uri, SILVER.folder) for uri in found):
            self._look_again(through, f"the outputs were moved to {self._files.uri()}")
            return
        gone = sorted(set(map(name_of, found)) - set(self._files.names(SILVER.folder)))
        if gone:
            raise damaged(f"{self._files.uri(SILVER.folder)}/{gone[0]}", f"{self._table} has not read it")

    def _found_since(self, through: int, entries: dict[int, str]) -> list[tuple[str, int]]:
        later = [name for number, name in entries.items() if number > through]
        return [found for name in later for found in self._source.read(name) or []]

    def _look_again(self, through: int, cause: str) -> None:
        """Forgets what the source has found since the last committed batch, and the batch that was made of
        it.
        """
        planned, committed = self._log.last_planned(), self._log.last_committed()
        if planned > committed:
            self._forget_plan(planned, cause)
        entries = self._source.entries()
        for number in sorted(entries, reverse=True):
            if number > through:
                self._files.delete(f"{self._source.folder}/{entries[number]}")
        log.info(f"{cause}: {self._table} looks again for files of silver since batch {committed}")

    def _repair_state(self) -> None:
        committed = self._log.last_committed()
        if committed < 0:
            return
        broken = self._damage_of_state(committed)
        if broken is None:
            return
        if committed != self._log.last_planned():
            raise damaged(broken, f"batch {committed + 1} is planned already")
        before = self._damage_of_state(committed - 1) if committed else None
        if before is not None:
            raise damaged(broken, f"so is {before}")
        self._run_again(committed, broken)

    def _damage_of_state(self, batch_id: int) -> Optional[str]:
        """Which file of the state after a batch is missing or empty; None when the state is whole."""
        plan = self._plan(batch_id)
        for partition in range(plan.partitions if plan else 0):
            folder, version = f"{self._log.checkpoint}/state/0/{partition}", f"{batch_id + 1}."
            names = [name for name in self._files.names(folder) if name.startswith(version)]
            if not names:
                return f"{self._files.uri(folder)}/{version}delta"
            for name in names:
                # No state begins with a zero byte, which is what a power cut may leave of a file.
                if not self._files.first_byte(f"{folder}/{name}"):
                    return f"{self._files.uri(folder)}/{name}"
        return None

    def _run_again(self, committed: int, uri: str) -> None:
        """Takes the commit of the newest batch away. Raises JobError when the batch could not run again."""
        if committed != self._log.last_planned():
            raise damaged(uri, f"batch {committed + 1} is planned already")
        gone = sorted(self._files_of(committed, uri) - set(self._files.names(SILVER.folder)))
        if gone:
            raise damaged(uri, f"batch {committed} cannot run again: silver has no more {gone[0]}")
        self._files.delete(f"{self._log.checkpoint}/commits/{committed}")
        log.info(f"{uri} was missing, empty or torn: batch {committed} runs again")

    def _files_of(self, batch_id: int, uri: str) -> set[str]:
        plan, before = self._plan(batch_id), self._plan(batch_id - 1) if batch_id else None
        if plan is None or plan.log_offset is None or (batch_id and before is None):
            raise damaged(uri, f"what batch {batch_id} covers is not known")
        after = -1 if before is None or before.log_offset is None else before.log_offset
        try:
            earlier = self._source.names(-1, after) if after >= 0 else set()
            return self._source.names(-1, plan.log_offset) - earlier
        except ValueError as error:
            raise damaged(uri, str(error)) from error
