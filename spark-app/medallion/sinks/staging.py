"""Where one attempt at a micro-batch stages its files, and how what other attempts left is removed.

Each attempt has a folder of its own, `_staging/<query>/<batch>-<attempt>`. Two drivers at the same
batch, or an executor that a dead driver left behind, therefore never write into each other's files.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Optional
from uuid import uuid4

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import OffsetLog

STAGING = "_staging"

#: How long nothing may have been written to another attempt before it counts as abandoned.
ABANDONED_AFTER_MS = 60 * 60 * 1000


class Staging:
    """The staging folder of one attempt at a batch; it is made here, and goes when the block that it is the
    context of ends.
    """

    def __init__(self, files: HadoopFiles, query: str, batch_id: int) -> None:
        self._files = files
        self._attempts = f"{STAGING}/{query}"
        self._attempt = f"{batch_id}-{uuid4()}"
        self.folder = f"{self._attempts}/{self._attempt}"
        files.make_folder(self.folder)

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], _: object
    ) -> None:
        if kind is None:
            self.remove()
        elif issubclass(kind, Exception):
            # The batch's own error is the one to tell. What cannot be removed now, a later batch removes.
            with suppress(Exception):
                self.remove()

    def remove(self) -> None:
        """Removes the folder and all that is in it."""
        self._files.delete(self.folder)

    def remove_others(self, log: OffsetLog) -> None:
        """Removes other attempts that cannot publish any more, or that are abandoned.

        Once a batch is committed no attempt at it publishes anything (`OffsetLog.refuse_lost`). An
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
            batch_id = _batch_of(name)
            if (batch_id is not None and batch_id <= committed) or (
                self._files.newest_ms(folder) < now_ms - ABANDONED_AFTER_MS
            ):
                self._files.delete(folder)


def _batch_of(attempt: str) -> Optional[int]:
    match = re.match(r"(\d+)(?:-|$)", attempt)
    return int(match[1]) if match else None
