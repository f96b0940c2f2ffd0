"""Parquet files as they lie in storage: row groups copied from file to file, and what footers state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Optional

# Where Spark keeps its own schema in a Parquet file: JSON with a list `fields`, each with a `name`.
_SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata"
# Only new row groups would be measured by it; joining copies row groups.
_ROW_GROUP_BYTES = 128 << 20
# From here on a column of a row group has several pages (parquet.page.row.count.limit), or may have
# (parquet.page.size). The index of a single page would repeat what the footer states.
_SEVERAL_PAGES_ROWS = 20_000
_SEVERAL_PAGES_BYTES = 4 << 20


class ParquetFiles:
    """Parquet's own library in the driver's JVM. Paths are Hadoop's; no column is nested."""

    def __init__(self, jvm: Any, conf: Any) -> None:
        self._jvm = jvm
        self._conf = conf
        self._create = getattr(jvm.org.apache.parquet.hadoop, "ParquetFileWriter$Mode").CREATE
        self._schemas: dict[tuple[str, tuple[str, ...]], Any] = {}

    def join(self, sources: list[Any], target: Any, columns: Optional[tuple[str, ...]]) -> int:
        """Writes one file with the row groups of several, copied as they are; of given columns these
        alone, in this order. Gives the number of rows.

        Raises OSError when a file has no such column, or their columns differ.
        """
        hadoop = self._jvm.org.apache.parquet.hadoop
        footers = [self._footer(source) for source in sources]
        schemas = [self._schema(footer.getFileMetaData().getSchema(), columns) for footer in footers]
        for source, schema in zip(sources, schemas):
            if not schema.equals(schemas[0]):
                raise OSError(f"{source.toString()} has other columns than {sources[0].toString()}")
        out = hadoop.util.HadoopOutputFile.fromPath(target, self._conf)
        writer = hadoop.ParquetFileWriter(out, schemas[0], self._create, _ROW_GROUP_BYTES, 0)
        try:
            writer.start()
            rows = sum(
                self._append(writer, source, footer.getBlocks(), columns and schemas[0])
                for source, footer in zip(sources, footers)
            )
            writer.end(_metadata(footers[0].getFileMetaData().getKeyValueMetaData(), columns))
        except BaseException:
            self._close(writer)
            raise
        return rows

    def rows(self, path: Any) -> int:
        """The number of rows that a footer states."""
        with closing(self._reader(path)) as reader:
            return int(reader.getRecordCount())

    def _append(self, writer: Any, source: Any, blocks: Any, selected: Any) -> int:
        """Appends a file's row groups, of a selected schema its columns alone; gives the rows."""
        rows = [int(block.getRowCount()) for block in blocks]
        with closing(self._file(source).newStream()) as stream:
            if not any(map(_may_have_several_pages, blocks)):
                writer.appendRowGroups(stream, blocks, selected is not None)
                return sum(rows)
            with closing(self._reader(source)) as reader:
                schema = reader.getFileMetaData().getSchema()
                # A row group has its columns in the order of the schema. A large batch has hundreds of
                # columns to copy: each call into the JVM counts.
                columns = [
                    (schema.getFieldIndex(column.getPath()[0]), column)
                    for column in (selected or schema).getColumns()
                ]
                for count, block in zip(rows, blocks):
                    _append_with_indexes(writer, stream, reader, count, block.getColumns(), columns)
        return sum(rows)

    def _close(self, writer: Any) -> None:
        """Closes the file of a writer that failed, which it offers no way to: on HDFS it would keep
        its lease, in an object store its upload would never end.
        """
        out = writer.getClass().getDeclaredField("out")
        out.setAccessible(True)
        out.get(writer).close()

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

    def _footer(self, path: Any) -> Any:
        with closing(self._reader(path)) as reader:
            return reader.getFooter()

    def _reader(self, path: Any) -> Any:
        return self._jvm.org.apache.parquet.hadoop.ParquetFileReader.open(self._file(path))

    def _file(self, path: Any) -> Any:
        return self._jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, self._conf)


def _append_with_indexes(
    writer: Any, stream: Any, reader: Any, rows: int, chunks: Any, columns: list[tuple[int, Any]]
) -> None:
    """Appends columns of a row group with their page indexes, which `appendRowGroups` leaves out:
    without them a reader cannot skip pages by their least and greatest values.
    """
    writer.startBlock(rows)
    for at, column in columns:
        chunk = chunks.get(at)
        indexes = reader.readColumnIndex(chunk), reader.readOffsetIndex(chunk)
        writer.appendColumnChunk(column, stream, chunk, None, *indexes)
    writer.endBlock()


def _may_have_several_pages(block: Any) -> bool:
    return (
        int(block.getRowCount()) >= _SEVERAL_PAGES_ROWS
        or int(block.getTotalByteSize()) >= _SEVERAL_PAGES_BYTES
    )


def _metadata(given: Mapping[str, str], columns: Optional[tuple[str, ...]]) -> dict[str, str]:
    """A Parquet file's own metadata, as it is when these columns are left."""
    left = dict(given)
    if columns is not None and _SPARK_SCHEMA in left:
        schema = json.loads(left[_SPARK_SCHEMA])
        by_name = {field["name"]: field for field in schema["fields"]}
        schema["fields"] = [by_name[name] for name in columns]
        left[_SPARK_SCHEMA] = json.dumps(schema, separators=(",", ":"))
    return left
