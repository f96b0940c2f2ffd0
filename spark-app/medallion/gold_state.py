"""Gold's open windows and watermark after each micro-batch, kept in `_chk/gold`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Optional

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

    def keep(self, batch_id: int, watermark_ms: Optional[int], staged: str, rows: int) -> None:
        """Makes a staged file of open windows a batch's state (`rows` 0: there are none), replacing that of
        an earlier attempt. The record comes last.
        """
        self._files.make_folder(GOLD_STATE)
        if rows:
            self._files.rename(staged, windows_file(batch_id))
        self._write(batch_id, watermark_ms, rows)

    def carry(self, batch_id: int) -> None:
        """The state of a batch without silver rows: that of the one before."""
        before = self.before(batch_id)
        self._files.make_folder(GOLD_STATE)
        rows = 0
        if before.open_windows:
            self._files.copy(before.open_windows, windows_file(batch_id))
            rows = self._files.parquet_rows(before.open_windows)
        self._write(batch_id, before.watermark_ms, rows)

    def _write(self, batch_id: int, watermark_ms: Optional[int], rows: int) -> None:
        self._files.write_text(
            _record(batch_id), json.dumps({"watermark_ms": watermark_ms, "open_windows": rows})
        )
        # One goes for each that comes.
        self._files.delete(windows_file(batch_id - _WINDOWS_KEPT))
        self._files.delete(_record(batch_id - self._batches_kept))


def has_state(files: HadoopFiles, batch_id: int) -> bool:
    """Whether a batch has left its state."""
    return files.exists(_record(batch_id))


def _record(batch_id: int) -> str:
    return f"{GOLD_STATE}/{batch_id}.json"


def windows_file(batch_id: int) -> str:
    """Where the windows that a batch leaves open are."""
    return f"{GOLD_STATE}/{batch_id}.parquet"
