"""The log of Spark's file source: which files a query over a folder has read.

`_chk/<query>/sources/0/<n>` is an entry of the log: the files that the query's n-th listing of the
folder found, not counting listings without new files. It has a version line and one line of JSON
for each file: {"path","timestamp","batchId":n}. Every tenth entry is named `<n>.compact` and
repeats all before it; Spark then deletes those. An entry of the offset log names the last entry of
this log that its batch includes. (Spark's FileStreamSourceLog)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Optional

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS, OffsetLog
from medallion.sinks.naming import SILVER, batch_of

COMPACT = ".compact"


class FileSourceLog:
    """The log of one query's only source."""

    def __init__(self, files: HadoopFiles, query: str) -> None:
        self._files = files
        self.folder = f"{CHECKPOINTS}/{query}/sources/0"

    def entries(self) -> dict[int, str]:
        """The names of the existing entries by number. Where an entry also has a compact form, that
        one.
        """
        matches = [re.fullmatch(r"(\d+)(\.compact)?", name) for name in self._files.names(self.folder)]
        found = sorted((int(match[1]), match[0]) for match in matches if match)
        return dict(found)

    def names(self, after: int, through: int) -> set[str]:
        """The names of the files in the entries after `after` up to `through`; a compact entry may
        add earlier ones. Raises ValueError when an entry is torn, or missing although Spark keeps
        it.
        """
        entries = self.entries()
        found: set[str] = set()
        number = after + 1
        while number <= through:
            # The next compact entry repeats an entry that is gone.
            compact = (at for at, name in entries.items() if at >= number and name.endswith(COMPACT))
            at = number if number in entries else next(compact, None)
            if at is None:
                raise ValueError(f"{self._files.uri(self.folder)}/{number} is not there")
            lines = self.read(entries[at])
            if lines is None and not self._files.exists(f"{self.folder}/{entries[at]}"):
                # Spark has deleted it meanwhile, since a compact entry repeats it.
                entries = self.entries()
                continue
            if lines is None:
                raise ValueError(f"{self._files.uri(self.folder)}/{entries[at]} is torn")
            found |= {name_of(uri) for uri, look in lines if look <= through}
            number = at + 1
        return found

    def read(self, entry: str) -> Optional[list[tuple[str, int]]]:
        """The URIs of the files in an entry, each with the number of the entry that first had it;
        None when it is torn.
        """
        text = self._files.read_text(f"{self.folder}/{entry}") or ""
        version, *lines = text.rstrip("\n").split("\n")
        try:
            found = [json.loads(line) for line in lines]
            uris = [(str(each["path"]), int(each["batchId"])) for each in found]
        except (ValueError, KeyError, TypeError):
            return None
        return uris if version == "v1" and uris else None


def name_of(uri: str) -> str:
    """The name of a file of silver in its URI. The name has no character that a URI encodes."""
    return uri.rsplit("/", 1)[-1]


class GoldReaders:
    """Which silver files the queries of these tables have read. Retention deletes no others."""

    def __init__(self, files: HadoopFiles, tables: Iterable[str]) -> None:
        self._readers = [_Reader(files, table) for table in tables]

    def have_read(self, names: list[str]) -> set[str]:
        """Those of the given silver files (the oldest first) that every query has read in a
        committed batch.

        Flushes the commit to the local disk, since a query whose batch ran again would miss deleted
        files.
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
        """Files of batches before `oldest` are deleted, and are not queried again."""
        # In most calls all files were read long ago.
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
