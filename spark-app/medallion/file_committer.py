"""From staged files to published files.

Everything a batch writes is staged and complete before the first rename. Renames follow in the order given:
bronze first, so that a reader half-way sees a bronze row without its silver or quarantine row (it is on its
way), never one without its bronze row. Files become official with the batch's commit in the
checkpoint; until then a replay, which has the same names, replaces every one of them and removes those
it no longer has rows for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from medallion.hadoop_files import HadoopFiles
from medallion.naming import RAW_CSV, Sink, file_name
from medallion.offset_log import Batch, OffsetLog


@dataclass(frozen=True)
class StagedFile:
    """A staged file of a sink and its rows; `path` is empty when there is none."""

    sink: Sink
    path: str
    rows: int


def path_of(sink: Sink, batch: Batch) -> str:
    """Where a batch's file of a sink goes."""
    return f"{sink.folder}/{file_name(sink, batch.time_ms, batch.batch_id)}"


class FileCommitter:
    """The files of one attempt at a batch, from its staging folder to their names."""

    def __init__(self, files: HadoopFiles, log: OffsetLog, batch: Batch, folder: str) -> None:
        self._files = files
        self._log = log
        self.batch = batch
        self.folder = folder

    def output(self, name: str, *parts: str) -> str:
        """The URI of a staged folder for a Spark job to append to, which is empty but for these folders."""
        folder = f"{self.folder}/{name}"
        # And where Hadoop's FileOutputCommitter has a task write at first.
        inside = [f"{folder}/{inner}" for inner in (*parts, "_temporary/0/_temporary")]
        self._files.make_local_folders(*inside)
        return self._files.uri(folder)

    def parts(self, name: str) -> list[str]:
        """The data files that Spark wrote into a staged folder, in the order of its tasks."""
        folder = f"{self.folder}/{name}"
        names = sorted(part for part in self._files.names(folder) if part.startswith("part-"))
        return [f"{folder}/{part}" for part in names]

    def stage_parquet(
        self, sink: Sink, parts: list[str], columns: Optional[Mapping[str, str]] = None
    ) -> StagedFile:
        """One staged Parquet file of all rows in these, with all columns or these alone, in this order. Rows
        are those that the parts' footers state.
        """
        joined = f"{self.folder}/{sink.folder}.joined"
        rows = self._files.join_parquet(parts, joined, columns) if parts else 0
        return StagedFile(sink, joined if rows else "", rows)

    def stage_csv(self, header: tuple[str, ...], lines: list[str], parts: list[str]) -> StagedFile:
        """One staged CSV file of lines and of these files, below one header, with the records counted
        in it.
        """
        if not lines and not parts:
            return StagedFile(RAW_CSV, "", 0)
        joined = f"{self.folder}/csv.joined"
        self._files.join_text("\n".join([",".join(header), *lines, ""]), parts, joined)
        # Of a file that was cut short the header may be gone.
        rows = max(0, self._files.csv_records(joined) - 1)
        return StagedFile(RAW_CSV, joined if rows else "", rows)

    def commit(self, staged: list[StagedFile]) -> list[str]:
        """Gives every staged file its name, in this order, replacing what an earlier attempt
        published; gives the names.

        Raises JobError (exit code 78) when the batch is another driver's by now; then nothing gets its
        name.
        """
        self._log.refuse_lost(self.batch)
        published = []
        for item in staged:
            name = path_of(item.sink, self.batch)
            if item.rows == 0:
                self._files.delete(name)
            else:
                self._files.make_folder(item.sink.folder)
                self._files.rename(item.path, name)
                published.append(name)
        return published
