"""From staged files to committed files.

All files of a batch are staged and complete before the first rename. The renames follow the given
order, bronze first: a reader may briefly see a bronze row without its silver or quarantine row, but
never one of these without its bronze row. Files become official with the batch's commit in the
checkpoint. Until then a replay, which has the same names, replaces all of them and removes those
for which it has no rows.
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
    """The staged files of a sink: the number of rows, and each file's path by its part (None for a
    single file), in order. It has no files without rows.
    """

    sink: Sink
    rows: int
    paths: Mapping[Optional[int], str] = field(default_factory=dict)
    #: The size of each file when its rows were counted, where the commit checks it again.
    sizes: Mapping[str, int] = field(default_factory=dict)


def path_of(sink: Sink, batch: Batch, part: Optional[int] = None) -> str:
    """The path of a file of a batch."""
    return f"{sink.folder}/{file_name(sink, batch.time_ms, batch.batch_id, part)}"


class FileCommitter:
    """The files of one attempt at a batch. `replaces` means that files of the batch may be
    committed already.
    """

    def __init__(
        self, files: HadoopFiles, offset_log: OffsetLog, batch: Batch, folder: str, replaces: bool = True
    ) -> None:
        self._files = files
        self._log = offset_log
        self._replaces = replaces
        self.batch = batch
        self.folder = folder

    def output(self, name: str, *parts: str) -> str:
        """The URI of a staged folder to which a Spark job appends. It is empty except for these
        subfolders.
        """
        folder = f"{self.folder}/{name}"
        # Also the folder in which a task of Hadoop's FileOutputCommitter writes first.
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
        """Joins Parquet files to one staged file, with all columns or only the given ones, in this
        order. The number of rows comes from the footers.
        """
        joined = f"{self.folder}/{sink.folder}.joined"
        rows = self._files.join_parquet(parts, joined, columns) if parts else 0
        return StagedFiles(sink, rows, {None: joined} if rows else {})

    def stage_parquet_parts(self, sink: Sink, name: str) -> StagedFiles:
        """The Parquet files that Spark wrote into a staged folder, as they are, by the number of
        the task. The number of rows comes from the footers.
        """
        # The size is read first: a file that is cut meanwhile has no footer.
        sizes = {part: self._files.size(part) for part in self.parts(name)}
        rows = {part: self._files.parquet_rows(part) for part in sizes}
        paths: dict[Optional[int], str] = {task_of(part): part for part in rows if rows[part]}
        return StagedFiles(sink, sum(rows.values()), paths, {part: sizes[part] for part in paths.values()})

    def stage_csv(self, header: str, lines: list[str], parts: list[str]) -> StagedFiles:
        """Writes one staged CSV file with a header, lines and the content of these files, and
        counts its records.
        """
        if not lines and not parts:
            return StagedFiles(RAW_CSV, 0)
        joined = f"{self.folder}/csv.joined"
        self._files.join_text("\n".join([header, *lines, ""]), parts, joined)
        # A file that was cut short may have lost even its header.
        rows = max(0, self._files.csv_records(joined) - 1)
        return StagedFiles(RAW_CSV, rows, {None: joined} if rows else {})

    def commit(self, staged: list[StagedFiles]) -> list[str]:
        """Renames every staged file to its name, in this order, replacing files of an earlier
        attempt. Returns the names.

        Raises JobError when a file is no longer as it was counted, and with exit code 78 when
        another driver has taken the batch over. No file is renamed then.
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
        """Names of files that an earlier attempt at the batch has left in a sink."""
        if not self._replaces:
            return []
        # Another run's batch of this id has another time, and another batch has another id.
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
    """The number of the task that wrote a file, from Spark's name for it: part-<number>-…"""
    return int(path.rsplit("/", 1)[-1].split("-")[1])
