"""A few rows of what a batch has published, as a table for people (SHOW_PREVIEWS=1)."""

from __future__ import annotations

from typing import Any

from medallion import log
from medallion.hadoop_files import HadoopFiles

_ROWS = 5
_COLUMN_WIDTH = 20


def preview(files: HadoopFiles, path: str) -> None:
    """Prints the first rows of a published Parquet file."""
    rows: Any = files.read_parquet([path])
    log.info(f"{path}:")
    for line in rows._jdf.showString(_ROWS, _COLUMN_WIDTH, False).rstrip().splitlines():
        log.info(line)
