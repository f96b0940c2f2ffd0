"""From staged folders to published files.

Everything a batch writes is staged below `_staging/<query>/` and complete before the first rename.
Renames follow in the order given: bronze first, so that a reader half-way sees a bronze row without its
silver or quarantine row (it is on its way), never one without its bronze row. Files become official with
the batch's commit in the checkpoint; until then a replay, which has the same names, replaces every one of
them and removes those it no longer has rows for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from medallion.hadoop_files import HadoopFiles
from medallion.naming import RAW_CSV, Sink, file_name
from medallion.offset_log import Batch

STAGING = "_staging"


@dataclass(frozen=True)
class Staged:
    """A staged file of a sink, its rows and its bytes; `path` is empty when there is none."""

    sink: Sink
    path: str
    rows: int
    size: int = 0


class Publication:
    """The files of one batch of one query, from staging to their names."""

    def __init__(self, files: HadoopFiles, query: str, batch: Batch) -> None:
        self._files = files
        self._batch = batch
        self._query_folder = f"{STAGING}/{query}"
        self.folder = f"{self._query_folder}/{batch.batch_id}"

    def clear(self) -> None:
        """Removes what an earlier batch, or an attempt at this one, left in staging."""
        self._files.delete(self._query_folder)

    def parts(self, folder: str) -> list[str]:
        """The data files that Spark wrote into a staged folder, in the order of its tasks."""
        names = sorted(name for name in self._files.names(folder) if name.startswith("part-"))
        return [f"{folder}/{name}" for name in names]

    def staged_parquet(self, sink: Sink, parts: list[str]) -> Staged:
        """One staged Parquet file of all rows in these; Spark may write a file without rows."""
        # Sizes before footers: these stand at the end, so one that can be read says that the file was whole.
        sizes = {part: self._files.size(part) for part in parts}
        counted = {part: self._files.parquet_rows(part) for part in parts}
        filled = [part for part, rows in counted.items() if rows]
        if len(filled) < 2:
            return Staged(sink, "".join(filled), sum(counted.values()), sum(sizes[part] for part in filled))
        return self.cut_parquet(sink, filled, None)

    def cut_parquet(self, sink: Sink, parts: list[str], columns: Optional[tuple[str, ...]]) -> Staged:
        """One staged Parquet file of all rows in these, with all columns or these alone, in this order."""
        joined = f"{self.folder}/{sink.folder}.joined"
        rows = self._files.join_parquet(parts, joined, columns) if parts else 0
        return Staged(sink, joined, rows, self._files.size(joined)) if rows else Staged(sink, "", 0)

    def staged_csv(self, parts: list[str], header: tuple[str, ...], rows: int) -> Staged:
        """One staged CSV file of these, below one header."""
        joined = f"{self.folder}/csv.joined"
        first = ",".join(header) + "\n"
        size = len(first) + sum(self._files.size(part) for part in parts)
        for part in parts:
            if not self._files.ends_with_newline(part):
                raise OSError(f"{self._files.uri(part)} was cut short after it was staged")
        self._files.join_text(first, parts, joined)
        staged = Staged(RAW_CSV, joined, rows, size)
        self.check_size(staged, joined)
        return staged

    def check_size(self, staged: Staged, path: str) -> None:
        """Raises OSError when the file is not as long as it was when it was staged: somebody or a disk cut it
        short. The batch then fails, and is run again.
        """
        size = self._files.size(path)
        if size != staged.size:
            raise OSError(
                f"{self._files.uri(path)} was cut short: it has {size} of the {staged.size} bytes staged"
            )

    def path_of(self, sink: Sink) -> str:
        """Where this batch's file of a sink goes."""
        return f"{sink.folder}/{file_name(sink, self._batch.time_ms, self._batch.batch_id)}"

    def publish(self, staged: list[Staged]) -> None:
        """Gives every staged file its name, in this order, replacing what an earlier attempt published."""
        for item in staged:
            name = self.path_of(item.sink)
            if item.rows == 0:
                self._files.delete(name)
            else:
                self._files.make_folder(item.sink.folder)
                self._files.rename(item.path, name)
                self.check_size(item, name)
