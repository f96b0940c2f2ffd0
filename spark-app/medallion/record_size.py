"""Whether a batch is small enough for one task, by its records and by how large records have been."""

from __future__ import annotations

#: Batches of fewer records are written by one task: starting more would cost more than it saves.
ONE_TASK_RECORDS = 20_000
#: The same by the bytes of bronze.
ONE_TASK_BYTES = 16 << 20
#: How large a record is taken to be until a batch of this driver has shown it.
_UNKNOWN_BYTES = 4096


class RecordSize:
    """Remembers how many bytes of bronze a record of the last batch took."""

    def __init__(self) -> None:
        self._bytes = float(_UNKNOWN_BYTES)

    def fits_one_task(self, records: int) -> bool:
        """Whether a batch of so many records is written by one task."""
        return records < ONE_TASK_RECORDS and records * self._bytes < ONE_TASK_BYTES

    def learn(self, records: int, size: int) -> None:
        """Takes over what a batch has shown: its records, and the bytes of its bronze file."""
        if records:
            self._bytes = size / records
