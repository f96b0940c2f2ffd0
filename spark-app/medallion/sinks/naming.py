"""File names that are a function of the batch alone, so that a replayed batch lands on its own
files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Optional


@dataclass(frozen=True)
class Sink:
    """A folder of output files."""

    folder: str
    prefix: str
    extension: str


BRONZE = Sink("bronze", "bronze", "parquet")
SILVER = Sink("silver", "silver", "parquet")
QUARANTINE = Sink("quarantine", "quarantine", "parquet")
RAW_CSV = Sink("raw_csv", "raw", "csv")

#: The name of the streaming query over the topic, and of its checkpoint's folder. Each gold table
#: has a query of the table's name.
INGEST = "ingest"
#: The sinks that a batch of `ingest` writes.
INGEST_SINKS = (BRONZE, SILVER, QUARANTINE, RAW_CSV)


def gold_sink(table: str) -> Sink:
    """The sink of a gold table."""
    return Sink(table, table, "parquet")


def file_name(sink: Sink, batch_time_ms: int, batch_id: int, part: Optional[int] = None) -> str:
    """`<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`, or `…_<batchId>_<part>.<extension>` of
    one of several; the time is UTC, from the checkpoint's offset log.
    """
    seconds = datetime.fromtimestamp(batch_time_ms // 1000, timezone.utc)
    number = f"{batch_id}" if part is None else f"{batch_id}_{part}"
    return f"{sink.prefix}_{seconds:%Y%m%d_%H%M%S}_{number}.{sink.extension}"


def batch_of(sink: Sink, name: str) -> Optional[int]:
    """The batch id in the name of a file of this sink, None for any other name.

    Only ids order files: within a checkpoint they only rise, while the time in a name follows the
    clock, which may be set back.
    """
    match = _match(sink, name)
    return int(match[1]) if match else None


def batches_of(sink: Sink, names: Iterable[str]) -> dict[str, int]:
    """The files of a sink among these names, each with its batch id."""
    found = {name: batch_of(sink, name) for name in names}
    return {name: batch_id for name, batch_id in found.items() if batch_id is not None}


def part_of(sink: Sink, name: str) -> Optional[int]:
    """The part in the name of a file of this sink, None for a batch's only file and for any other
    name.
    """
    match = _match(sink, name)
    return int(match[2]) if match and match[2] else None


def _match(sink: Sink, name: str) -> Optional[re.Match[str]]:
    return re.fullmatch(rf"{sink.prefix}_\d{{8}}_\d{{6}}_(\d+)(?:_(\d{{1,5}}))?\.{sink.extension}", name)
