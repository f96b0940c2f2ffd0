"""Files of any Hadoop file system, through Hadoop's own API in the driver's JVM."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Optional

from pyspark.sql import SparkSession

_DRAFT = ".new"
# Where Spark keeps its own schema in a Parquet file: JSON with a list `fields`, each with a `name`.
_SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata"
_END_MARK = "\n"
_COPY_BYTES = 1 << 20
# Only new row groups would be measured by it; joining copies row groups.
_ROW_GROUP_BYTES = 128 << 20


class HadoopFiles:
    """File operations below one root. Paths are given relative to it, with `/`; errors are Hadoop's own."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        # Any, because py4j resolves every name at run time.
        java: Any = spark
        self._jvm = java._jvm
        self._conf = java._jsc.hadoopConfiguration()
        self._path = self._jvm.org.apache.hadoop.fs.Path
        self._fs = self._path(root).getFileSystem(self._conf)
        self._root = self._fs.makeQualified(self._path(root))
        self._context = self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(
            self._root.toUri(), self._conf
        )
        rename = getattr(self._jvm.org.apache.hadoop.fs, "Options$Rename")
        self._overwrite = java.sparkContext._gateway.new_array(rename, 1)
        self._overwrite[0] = rename.OVERWRITE
        self._create = getattr(self._jvm.org.apache.parquet.hadoop, "ParquetFileWriter$Mode").CREATE
        #: Whether the root is on a local disk.
        self.is_local = self._root.toUri().getScheme() == "file"
        self._local_root = str(self._root.toUri().getPath())
        self._schemas: dict[tuple[str, tuple[str, ...]], Any] = {}

    def uri(self, path: str = "") -> str:
        """The full URI, as Spark's readers and writers take it."""
        return str(self._at(path).toString())

    def names(self, folder: str) -> list[str]:
        """Names in a folder, in no order; none when the folder does not exist."""
        if not self.exists(folder):
            return []
        return [status.getPath().getName() for status in self._fs.listStatus(self._at(folder))]

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return bool(self._fs.exists(self._at(path)))

    def size(self, path: str) -> int:
        """A file's bytes."""
        return int(self._fs.getFileStatus(self._at(path)).getLen())

    def ends_with_newline(self, path: str) -> bool:
        """Whether a file is empty or its last byte ends a line."""
        size = self.size(path)
        if size == 0:
            return True
        stream = self._fs.open(self._at(path))
        try:
            stream.seek(size - 1)
            return int(stream.read()) == ord("\n")
        finally:
            stream.close()

    def read_text(self, path: str) -> Optional[str]:
        """The text (UTF-8) that `write_text` left, or None when there is none.

        A write that ended after its draft was complete is completed here.
        """
        draft = f"{path}{_DRAFT}"
        if not self.exists(path) and self.exists(draft):
            # Without its end mark a draft was cut short: nothing was written yet.
            if not self._text(draft).endswith(_END_MARK):
                return None
            self.rename(draft, path)
        return self._text(path) if self.exists(path) else None

    def _text(self, path: str) -> str:
        stream = self._fs.open(self._at(path))
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def write_text(self, path: str, text: str) -> None:
        """Writes a small file so that `read_text` gives the old text or the new one, also after a crash.

        A local rename onto an existing file deletes that first; in between, the draft is all there is.
        """
        draft = f"{path}{_DRAFT}"
        stream = self._fs.create(self._at(draft), True)
        try:
            stream.write(bytearray(text + _END_MARK, "utf-8"))
        finally:
            stream.close()
        self.rename(draft, path)

    def rename(self, source: str, target: str) -> None:
        """Moves a file onto a name, replacing what is there.

        FileContext where there is a file, which FileSystem may keep, returning False. Elsewhere it would only
        start a process (readlink) on a local disk, which takes as long as a hundred renames.
        """
        from_, to = self._at(source), self._at(target)
        if self._fs.exists(to) or not self._fs.rename(from_, to):
            self._context.rename(from_, to, self._overwrite)

    def make_folder(self, folder: str) -> None:
        """Makes a folder and its parents; nothing happens when it is there."""
        if not self._fs.mkdirs(self._at(folder)):
            raise OSError(f"{self.uri(folder)} could not be made")

    def make_local_folders(self, *folders: str) -> None:
        """Makes folders and their parents where the root is on a local disk; elsewhere nothing happens.

        Whoever writes there would make them, but Hadoop starts a process (chmod) for each that it makes.
        """
        if self.is_local:
            for folder in folders:
                os.makedirs(os.path.join(self._local_root, folder), exist_ok=True)

    def delete(self, path: str) -> None:
        """Deletes a file or a folder with its content; nothing happens when it is not there."""
        at = self._at(path)
        if not self._fs.delete(at, True) and self._fs.exists(at):
            raise OSError(f"{self.uri(path)} could not be deleted")

    def copy(self, source: str, target: str) -> None:
        """Copies a file onto a name, replacing what is there."""
        draft = f"{target}{_DRAFT}"
        self.join_text("", [source], draft)
        self.rename(draft, target)

    def join_text(self, first: str, sources: list[str], target: str) -> None:
        """Writes a text (UTF-8) and then the bytes of files, one after the other, into a new file."""
        out = self._fs.create(self._at(target), True)
        try:
            out.write(bytearray(first, "utf-8"))
            for source in sources:
                stream = self._fs.open(self._at(source))
                try:
                    self._jvm.org.apache.hadoop.io.IOUtils.copyBytes(stream, out, _COPY_BYTES, False)
                finally:
                    stream.close()
        finally:
            out.close()

    def join_parquet(self, sources: list[str], target: str, columns: Optional[tuple[str, ...]]) -> int:
        """Writes one Parquet file with the row groups of several, copied as they are; of given columns these
        alone, in this order. No column is nested. Gives the number of rows.

        Raises OSError when a file has no such column, or their columns differ.
        """
        hadoop = self._jvm.org.apache.parquet.hadoop
        footers = [self._footer(source) for source in sources]
        schemas = [self._schema(footer.getFileMetaData().getSchema(), columns) for footer in footers]
        for source, schema in zip(sources, schemas):
            if not schema.equals(schemas[0]):
                raise OSError(f"{self.uri(source)} has other columns than {self.uri(sources[0])}")
        out = hadoop.util.HadoopOutputFile.fromPath(self._at(target), self._conf)
        writer = hadoop.ParquetFileWriter(out, schemas[0], self._create, _ROW_GROUP_BYTES, 0)
        writer.start()
        rows = 0
        for source, footer in zip(sources, footers):
            blocks = footer.getBlocks()
            rows += sum(int(block.getRowCount()) for block in blocks)
            stream = self._parquet(source).newStream()
            try:
                writer.appendRowGroups(stream, blocks, columns is not None)
            finally:
                stream.close()
        writer.end(_metadata(footers[0].getFileMetaData().getKeyValueMetaData(), columns))
        return rows

    def parquet_rows(self, path: str) -> int:
        """The number of rows a Parquet file's footer states."""
        reader = self._reader(path)
        try:
            return int(reader.getRecordCount())
        finally:
            reader.close()

    def parquet_max(self, path: str, column: str) -> int:
        """The greatest value of a column of whole numbers (instants: microseconds), from the footer's
        statistics; no column is nested. Raises OSError when they do not state it.
        """
        footer = self._footer(path)
        at = footer.getFileMetaData().getSchema().getFieldIndex(column)
        found: list[int] = []
        for block in footer.getBlocks():
            statistics = block.getColumns().get(at).getStatistics()
            if not statistics.hasNonNullValue():
                raise OSError(f"{self.uri(path)} has no statistics of {column}")
            found.append(int(statistics.genericGetMax()))
        return max(found)

    def _schema(self, schema: Any, columns: Optional[tuple[str, ...]]) -> Any:
        if columns is None:
            return schema
        # Dozens of calls into the JVM, for the same few schemas in every batch.
        key = (str(schema.toString()), columns)
        if key not in self._schemas:
            missing = [name for name in columns if not schema.containsField(name)]
            if missing:
                raise OSError(f"a staged Parquet file has no column {', '.join(missing)}")
            message = self._jvm.org.apache.parquet.schema.MessageType
            self._schemas[key] = message(schema.getName(), [schema.getType(name) for name in columns])
        return self._schemas[key]

    def _footer(self, path: str) -> Any:
        reader = self._reader(path)
        try:
            return reader.getFooter()
        finally:
            reader.close()

    def _reader(self, path: str) -> Any:
        return self._jvm.org.apache.parquet.hadoop.ParquetFileReader.open(self._parquet(path))

    def _parquet(self, path: str) -> Any:
        return self._jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(self._at(path), self._conf)

    def _at(self, path: str) -> Any:
        return self._path(self._root, path) if path else self._root


def _metadata(given: Mapping[str, str], columns: Optional[tuple[str, ...]]) -> dict[str, str]:
    """A Parquet file's own metadata, as it is when these columns are left."""
    left = dict(given)
    if columns is not None and _SPARK_SCHEMA in left:
        schema = json.loads(left[_SPARK_SCHEMA])
        by_name = {field["name"]: field for field in schema["fields"]}
        schema["fields"] = [by_name[name] for name in columns]
        left[_SPARK_SCHEMA] = json.dumps(schema, separators=(",", ":"))
    return left
