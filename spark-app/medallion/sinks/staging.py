"""The staging folder of an attempt at a micro-batch, and the removal of folders that other attempts
left.

Each attempt has its own folder, `_staging/<query>/<batch>-<attempt>`. Two drivers at the same
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

#: How long another attempt may write nothing before it counts as abandoned.
ABANDONED_AFTER_MS = 60 * 60 * 1000


class FirstBatch:
    """Whether files of a batch may have been committed already. That is only possible for the first
    batch that a driver runs, since each other one follows the commit of the one before. No folder
    is listed for the others.
    """

    def __init__(self) -> None:
        self._last: Optional[int] = None

    def may_be_committed(self, batch_id: int) -> bool:
        """To be called once for each attempt at a batch."""
        follows = self._last is not None and batch_id == self._last + 1
        self._last = batch_id
        return not follows


@contextmanager
def attempt(
    files: HadoopFiles, log: OffsetLog, batch_id: int, first_batch: FirstBatch
) -> Iterator[FileCommitter]:
    """An attempt at the query's current batch. Its staging folder is removed when the block
    ends.
    """
    planned = log.planned(batch_id)
    staging = StagingFolder(files, log.query, batch_id)
    try:
        staging.remove_others(log)
        replaces = first_batch.may_be_committed(batch_id)
        yield FileCommitter(files, log, planned, staging.folder, replaces)
    except Exception:
        # The batch's own error is the one to report. A later batch removes what cannot be removed
        # now.
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
        """Removes the folders of other attempts that can no longer commit, or that are abandoned.

        Once a batch is committed no other attempt at it commits anything (`OffsetLog.refuse_lost`).
        An attempt at a later batch may be another driver's and still running. It is removed when
        its newest file is an hour older than this attempt's folder. Both times are the storage's,
        so that no machine's clock matters.
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
