"""The progress lines of the job as a file next to the checkpoints, for programs that do not see its
log.
"""

from __future__ import annotations

import os
from typing import Optional

from medallion import log
from medallion.offset_log import CHECKPOINTS

#: Below the root of the outputs. Its predecessor has the suffix `.1`.
PROGRESS_FILE = f"{CHECKPOINTS}/_progress.jsonl"

#: At this size the file becomes its predecessor: some 2,500 micro-batches.
_MOST_BYTES = 1 << 20


class ProgressFile:
    """Appends lines to a file. It has no part in the guarantees of the job: a line that cannot be
    written is lost, and no batch fails because of it. `path` is None where there is no local disk.
    """

    def __init__(self, path: Optional[str], most_bytes: int = _MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._has_failed = False
        self._is_first = True

    def append(self, line: str) -> None:
        """Appends one line, without its line feed."""
        if self._path is None:
            return
        try:
            self._rotate(self._path)
            # One write, so that a reader or a kill finds at most the last line incomplete.
            with open(self._path, "ab", buffering=0) as file:
                text = f"{self._separator(self._path)}{line}\n".encode()
                self._has_failed = file.write(text) < len(text)
        except OSError as error:
            if not self._has_failed:
                log.info(f"progress cannot be written to {self._path}: {error.strerror}")
            self._has_failed = True

    def _rotate(self, path: str) -> None:
        if os.path.exists(path) and os.path.getsize(path) >= self._most_bytes:
            os.replace(path, f"{path}.1")

    def _separator(self, path: str) -> str:
        """A line feed where a kill or a full disk left half a line."""
        was_first, self._is_first = self._is_first or self._has_failed, False
        if not was_first or os.path.getsize(path) == 0:
            return ""
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return "" if file.read(1) == b"\n" else "\n"
