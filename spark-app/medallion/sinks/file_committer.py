"""From staged files to committed files.

Everything a batch writes is staged and complete before the first rename. Renames follow in the order given:
bronze first, so that a reader half-way sees a bronze row without its silver or quarantine row (it is on its
way), never one without its bronze row. Files become official with the batch's commit in the
checkpoint; until then a replay, which has the same names, replaces every one of them and removes those
it no longer has rows for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from medallion import log
from medallion.errors import JobError
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import Batch, OffsetLog
from medallion.sinks.naming import RAW_CSV, Sink, batch_of, file_name

_PREVIEW_ROWS = 5
_PREVIEW_WIDTH = 20


@dataclass(frozen=True)
class StagedFiles:
    """What is staged of a sink: its rows, and each file's path by its part, None for an only file, in order.
    A file without rows is not in it.
    """

    sink: Sink
    rows: int
    paths: Mapping[Optional[int], str] = field(default_factory=dict)
    #: How large each file was when its rows were counted, where it is checked again.
    sizes: Mapping[str, int] = field(default_factory=dict)


def path_of(sink: Sink, batch: Batch, part: Optional[int] = None) -> str:
    """Where a file of a batch goes."""
    return f"{sink.folder}/{file_name(sink, batch.time_ms, batch.batch_id, part)}"


class FileCommitter:
    """The files of one attempt at a batch. `replaces`: some of the batch may be committed already."""

    def __init__(
        self, files: HadoopFiles, offset_log: OffsetLog, batch: Batch, folder: str, replaces: bool = True
    ) -> None:
        self._files = files
        self._log = offset_log
        self._replaces = replaces
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
    ) -> StagedFiles:
        """One staged Parquet file of all rows in these, with all columns or these alone, in this order. Rows
        are those that the parts' footers state.
        """
        joined = f"{self.folder}/{sink.folder}.joined"
        rows = self._files.join_parquet(parts, joined, columns) if parts else 0
        return StagedFiles(sink, rows, {None: joined} if rows else {})

    def stage_parquet_parts(self, sink: Sink, name: str) -> StagedFiles:
        """The Parquet files that Spark wrote into a staged folder, as they are, each by its task's number.
        Rows are those that their footers state.
        """
        # The size first: a file that is cut meanwhile has no footer.
        sizes = {part: self._files.size(part) for part in self.parts(name)}
        rows = {part: self._files.parquet_rows(part) for part in sizes}
        paths: dict[Optional[int], str] = {task_of(part): part for part in rows if rows[part]}
        return StagedFiles(sink, sum(rows.values()), paths, {part: sizes[part] for part in paths.values()})

    def stage_csv(self, header: tuple[str, ...], lines: list[str], parts: list[str]) -> StagedFiles:
        """One staged CSV file of lines and of these files, below one header, and the records in it."""
        if not lines and not parts:
            return StagedFiles(RAW_CSV, 0)
        joined = f"{self.folder}/csv.joined"
        self._files.join_text("\n".join([",".join(header), *lines, ""]), parts, joined)
        # Of a file that was cut short the header may be gone.
        rows = max(0, self._files.csv_records(joined) - 1)
        return StagedFiles(RAW_CSV, rows, {None: joined} if rows else {})

    def commit(self, staged: list[StagedFiles]) -> list[str]:
        """Gives every staged file its name, in this order, replacing what an earlier attempt
        committed; gives the names.

        Raises JobError when a file is not what was counted, with exit code 78 when the batch is another
        driver's by now; then nothing gets its name.
        """
        for path, counted in (each for item in staged for each in item.sizes.items()):
            size = self._files.size(path)
            if size != counted:
                raise JobError(
                    f"batch {self.batch.batch_id} is not whole: {self._files.uri(path)} has {size:,} bytes, "
                    f"and had {counted:,} when its rows were counted",
                    "its offsets are not committed: the next start runs it again",
                )
        self._log.refuse_lost(self.batch)
        committed: list[str] = []
        for item in staged:
            targets = {path_of(item.sink, self.batch, part): path for part, path in item.paths.items()}
            for name in self.committed(item.sink):
                if f"{item.sink.folder}/{name}" not in targets:
                    self._files.delete(f"{item.sink.folder}/{name}")
            if targets:
                self._files.make_folder(item.sink.folder)
            for target, path in targets.items():
                self._files.rename(path, target)
            committed += targets
        return committed

    def committed(self, sink: Sink) -> list[str]:
        """Names of the files that a sink has of the batch, by an earlier attempt at it."""
        if not self._replaces:
            return []
        # Neither has another run's batch of this id the time, nor has another batch the id.
        own = file_name(sink, self.batch.time_ms, self.batch.batch_id)[: -len(sink.extension) - 1]
        names = self._files.names(sink.folder)
        return sorted(
            name for name in names if batch_of(sink, name) == self.batch.batch_id and name.startswith(own)
        )

    def preview(self, staged: StagedFiles) -> None:
        """Prints a few rows of a committed Parquet file as a table for people (SHOW_PREVIEWS=1)."""
        if not staged.rows:
            return
        path = path_of(staged.sink, self.batch, next(iter(staged.paths)))
        rows: Any = self._files.read_parquet([path])
        table = rows._jdf.showString(_PREVIEW_ROWS, _PREVIEW_WIDTH, False)
        for line in [f"{path}:", *table.rstrip().splitlines()]:
            log.info(line)


def task_of(path: str) -> int:
    """The number of the task that wrote a file, as Spark has it in the name: part-<number>-…"""
    return int(path.rsplit("/", 1)[-1].split("-")[1])
