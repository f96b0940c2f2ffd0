"""Which silver files every gold query has read, so that retention takes no other."""

from __future__ import annotations

from collections.abc import Iterable

from medallion.file_source_log import FileSourceLog
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.sinks.naming import SILVER, batch_of


class GoldReaders:
    """The gold queries of these tables. Each entry of their logs is read once."""

    def __init__(self, files: HadoopFiles, tables: Iterable[str]) -> None:
        self._readers = [_Reader(files, table) for table in tables]

    def have_read(self, names: list[str]) -> set[str]:
        """Those of these silver files, the oldest first, that every query has read in a committed batch.

        The commit is on the local disk then: a query whose batch ran again would miss the files.
        """
        oldest = batch_of(SILVER, names[0]) or 0
        left = set(names)
        for reader in self._readers:
            left &= reader.have_read(left, oldest)
        return left


class _Reader:
    def __init__(self, files: HadoopFiles, table: str) -> None:
        self._log = OffsetLog(files, table)
        self._source = FileSourceLog(files, table)
        self._through = -1
        self._names: set[str] = set()

    def have_read(self, names: set[str], oldest: int) -> set[str]:
        """`oldest`: files of earlier batches are gone, and not asked for again."""
        # Mostly they were read long ago.
        if not names <= self._names:
            self._read_on()
            self._names = {name for name in self._names if (batch_of(SILVER, name) or 0) >= oldest}
        return names & self._names

    def _read_on(self) -> None:
        committed = self._log.last_committed()
        batch = self._log.read(committed) if committed >= 0 else None
        if batch is None or batch.log_offset is None or batch.log_offset <= self._through:
            return
        names = self._source.names(self._through, batch.log_offset)
        self._log.sync(committed + 1)
        self._names |= names
        self._through = batch.log_offset
