"""Where one attempt at a micro-batch stages its files, and how what other attempts left is removed.

Each attempt has a folder of its own, `_staging/<query>/<batch>-<attempt>`. Two drivers at the same
batch, or an executor that a dead driver left behind, therefore never write into each other's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Optional
from uuid import uuid4

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog
from medallion.sinks.file_committer import FileCommitter

STAGING = "_staging"

#: How long nothing may have been written to another attempt before it counts as abandoned.
ABANDONED_AFTER_MS = 60 * 60 * 1000


class FirstBatch:
    """Whether a batch may have been committed already, in whole or in part: only the first one that a driver
    runs, for each of the others follows on the commit of the one before it. No folder is listed for these.
    """

    def __init__(self) -> None:
        self._last: Optional[int] = None

    def may_be_committed(self, batch_id: int) -> bool:
        """Asked once for each attempt at a batch."""
        follows = self._last is not None and batch_id == self._last + 1
        self._last = batch_id
        return not follows


@contextmanager
def attempt(
    files: HadoopFiles, log: OffsetLog, batch_id: int, first_batch: FirstBatch
) -> Iterator[FileCommitter]:
    """An attempt at the query's present batch. Its staging folder goes when the block ends."""
    planned = log.planned(batch_id)
    staging = StagingFolder(files, log.query, batch_id)
    try:
        staging.remove_others(log)
        replaces = first_batch.may_be_committed(batch_id)
        yield FileCommitter(files, log, planned, staging.folder, replaces)
    except Exception:
        # The batch's own error is the one to tell. What cannot be removed now, a later batch removes.
        with suppress(Exception):
            files.delete(staging.folder)
        raise
    files.delete(staging.folder)


class StagingFolder:
    """The staging folder of one attempt at a batch, which is made here."""

    def __init__(self, files: HadoopFiles, query: str, batch_id: int) -> None:
        self._files = files
        self._attempts = f"{STAGING}/{query}"
        self._attempt = f"{batch_id}-{uuid4()}"
        self.folder = f"{self._attempts}/{self._attempt}"
        files.make_folder(self.folder)

    def remove_others(self, log: OffsetLog) -> None:
        """Removes other attempts that cannot commit any more, or that are abandoned.

        Once a batch is committed no attempt at it commits anything (`OffsetLog.refuse_lost`). An
        attempt at a later batch may be another driver's, at work right now. It goes when its newest
        file is an hour older than this attempt's folder: both times are the storage's, so that no
        machine's clock matters.
        """
        others = [name for name in self._files.names(self._attempts) if name != self._attempt]
        if not others:
            return
        committed = log.last_committed()
        now_ms = self._files.modified_ms(self.folder)
        for name in others:
            folder = f"{self._attempts}/{name}"
            batch = re.match(r"(\d+)(?:-|$)", name)
            is_committed = batch is not None and int(batch[1]) <= committed
            if is_committed or self._files.newest_ms(folder) < now_ms - ABANDONED_AFTER_MS:
                self._files.delete(folder)
