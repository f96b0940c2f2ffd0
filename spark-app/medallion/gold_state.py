"""Gold's open windows and watermark after each micro-batch, kept in `_chk/gold`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Optional

from py4j.protocol import Py4JJavaError

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS

GOLD_STATE = f"{CHECKPOINTS}/gold"

# Only the batch before a replayed one is needed; the others help whoever looks for an error.
_WINDOWS_KEPT = 10


@dataclass(frozen=True)
class GoldState:
    """The watermark (ms since 1970, None before the first silver row), and where the open windows are
    (None: there are none).
    """

    watermark_ms: Optional[int] = None
    open_windows: Optional[str] = None


@dataclass(frozen=True)
class StagedState:
    """A state that is not a batch's yet: the watermark, and a staged file of the open windows with its rows
    (0: there are none, nor a file).
    """

    watermark_ms: Optional[int]
    path: str
    rows: int


class GoldStates:
    """`_chk/gold/<batch>.json` ({"watermark_ms": …|null, "open_windows": rows}) and `<batch>.parquet`."""

    def __init__(self, files: HadoopFiles, batches_kept: int) -> None:
        self._files = files
        self._batches_kept = batches_kept

    def before(self, batch_id: int) -> GoldState:
        """The state that a batch begins with. Raises OSError when it is gone: gold would lose windows."""
        if batch_id == 0:
            return GoldState()
        text = self._files.read_text(_record(batch_id - 1))
        if text is None:
            raise OSError(
                f"{self._files.uri(_record(batch_id - 1))} is not there: gold's open windows are lost"
            )
        record = json.loads(text)
        windows = windows_file(batch_id - 1) if record["open_windows"] else None
        return GoldState(record["watermark_ms"], windows)

    def carried(self, batch_id: int, folder: str) -> StagedState:
        """The state of a batch without silver rows, staged in a folder: that of the batch before."""
        before = self.before(batch_id)
        if before.open_windows is None:
            return StagedState(before.watermark_ms, "", 0)
        path = f"{folder}/open.carried"
        self._files.join_text("", [before.open_windows], path)
        return StagedState(before.watermark_ms, path, self._files.parquet_rows(path))

    def keep(self, batch_id: int, after: StagedState) -> list[str]:
        """Makes a staged state a batch's, replacing that of an earlier attempt; gives the files that hold it.
        The record comes last.
        """
        self._files.make_folder(GOLD_STATE)
        record, windows = _record(batch_id), windows_file(batch_id)
        if after.rows:
            self._files.rename(after.path, windows)
        self._files.write_text(
            record, json.dumps({"watermark_ms": after.watermark_ms, "open_windows": after.rows})
        )
        self._remove_old(batch_id)
        return [windows, record] if after.rows else [record]

    def damage_of(self, batch_id: int) -> Optional[str]:
        """Which file of a batch's state is missing, empty or torn; None when the state is whole."""
        try:
            record = json.loads(self._files.read_text(_record(batch_id)) or "")
            rows = int(record["open_windows"])
        except (ValueError, KeyError, TypeError):
            return _record(batch_id)
        windows = windows_file(batch_id)
        return None if rows == 0 or self._has_rows(windows, rows) else windows

    def _has_rows(self, path: str, rows: int) -> bool:
        try:
            return self._files.exists(path) and self._files.parquet_rows(path) == rows
        except Py4JJavaError:
            # Not a Parquet file, or one without its end.
            return False

    def forget(self, batch_id: int) -> None:
        """Removes what a batch that is not committed left."""
        for name in (_record(batch_id), windows_file(batch_id)):
            self._files.delete(name)

    def _remove_old(self, batch_id: int) -> None:
        # All that is too old, not the next of it: fewer may be kept than at an earlier start.
        for name in self._files.names(GOLD_STATE):
            number, _, kind = name.partition(".")
            kept = {"parquet": _WINDOWS_KEPT, "json": self._batches_kept}.get(kind)
            if kept is not None and number.isdigit() and int(number) <= batch_id - kept:
                self._files.delete(f"{GOLD_STATE}/{name}")


def _record(batch_id: int) -> str:
    return f"{GOLD_STATE}/{batch_id}.json"


def windows_file(batch_id: int) -> str:
    """Where the windows that a batch leaves open are."""
    return f"{GOLD_STATE}/{batch_id}.parquet"
