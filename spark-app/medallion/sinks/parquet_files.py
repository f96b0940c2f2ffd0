"""Parquet files without Spark: copying row groups from file to file, and reading footers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Optional

from py4j.protocol import Py4JJavaError

from medallion.errors import JobError
from medallion.failure import innermost

# The key of Spark's own schema in a Parquet file.
_SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata"
# The writer requires it, but it only applies to new row groups; joining copies row groups.
_ROW_GROUP_BYTES = 128 << 20
# From these limits on a column of a row group has several pages (parquet.page.row.count.limit), or
# may have (parquet.page.size). The index of a single page would only repeat the footer.
_SEVERAL_PAGES_ROWS = 20_000
_SEVERAL_PAGES_BYTES = 4 << 20


@dataclass(frozen=True)
class _Leaf:
    """A column of the target: the position of its chunk in a row group of the source, and whether
    its path differs from the one there.
    """

    at: int
    column: Any
    is_renamed: bool


@dataclass(frozen=True)
class _Selected:
    """Selected columns of a file: their schema in the target, and its leaves."""

    schema: Any
    leaves: list[_Leaf]


class ParquetFiles:
    """Parquet's own library in the driver's JVM. Paths are Hadoop Path objects."""

    def __init__(self, jvm: Any, conf: Any) -> None:
        self._jvm = jvm
        self._conf = conf
        self._create = getattr(jvm.org.apache.parquet.hadoop, "ParquetFileWriter$Mode").CREATE
        self._selected: dict[tuple[str, Optional[tuple[tuple[str, str], ...]]], _Selected] = {}

    def join(self, sources: list[Any], target: Any, columns: Optional[Mapping[str, str]]) -> int:
        """Writes one file with the row groups of several, copied as they are. With `columns`, only
        these are copied, in this order, each by its name in the sources. Returns the number of
        rows.

        Raises OSError when a file has no such column, or their columns differ; JobError when one
        was cut short.
        """
        hadoop = self._jvm.org.apache.parquet.hadoop
        footers = [self._footer(source) for source in sources]
        of = [self._select(footer.getFileMetaData().getSchema(), columns) for footer in footers]
        for source, each in zip(sources, of):
            if not each.schema.equals(of[0].schema):
                raise OSError(f"{source.toString()} has other columns than {sources[0].toString()}")
        out = hadoop.util.HadoopOutputFile.fromPath(target, self._conf)
        writer = hadoop.ParquetFileWriter(out, of[0].schema, self._create, _ROW_GROUP_BYTES, 0)
        try:
            writer.start()
            rows = sum(
                self._append(writer, source, _items(footer.getBlocks()), each)
                for source, footer, each in zip(sources, footers, of)
            )
            metadata = self._jvm.java.util.HashMap(footers[0].getFileMetaData().getKeyValueMetaData())
            if columns is not None:
                # Spark's schema describes all columns. Without it Spark reads the selected ones by
                # the schema of Parquet.
                metadata.remove(_SPARK_SCHEMA)
            writer.end(metadata)
        except BaseException:
            self._close(writer)
            raise
        return rows

    def rows(self, path: Any) -> int:
        """The number of rows in a footer."""
        with closing(self._open(self._file(path))) as reader:
            return int(reader.getRecordCount())

    def texts(self, path: Any, column: str) -> list[str]:
        """The texts of a column in order. The column has no dictionary and no NULL, and is not
        nested.

        Raises OSError when a page has another encoding, JobError when the file was cut short.
        (Apache Parquet: data page V1, PLAIN)
        """
        found: list[str] = []
        with closing(self._reader(path)) as reader:
            schema = reader.getFileMetaData().getSchema()
            selected = self._select(schema, {column: column}).schema
            reader.setRequestedSchema(selected)
            group = reader.readNextRowGroup()
            while group is not None:
                pages = group.getPageReader(selected.getColumns().get(0))
                page = pages.readPage()
                while page is not None:
                    if str(page.getValueEncoding()) != "PLAIN":
                        raise OSError(f"{path.toString()} has {page.getValueEncoding()} pages in {column}")
                    found += _plain_texts(self._bytes(page.getBytes()))
                    page = pages.readPage()
                group = reader.readNextRowGroup()
        return found

    def _bytes(self, given: Any) -> bytes:
        """Transfers bytes from the JVM through a file: an answer of py4j with more than 8 KiB waits
        for 40 ms, since its socket holds a second packet back until the first is acknowledged.
        """
        with tempfile.NamedTemporaryFile() as file:
            out = self._jvm.java.io.FileOutputStream(file.name)
            try:
                given.writeAllTo(out)
            finally:
                out.close()
            return file.read()

    def _append(self, writer: Any, source: Any, blocks: list[Any], selected: _Selected) -> int:
        """Appends the selected columns of a file's row groups and returns the number of rows."""
        with closing(self._file(source).newStream()) as stream:
            if any(map(_may_have_several_pages, blocks)):
                with closing(self._reader(source)) as reader:
                    for block in blocks:
                        self._append_chunks(writer, stream, block, selected, reader)
            elif any(leaf.is_renamed or _has_dot(leaf.column) for leaf in selected.leaves):
                # `appendRowGroups` takes a column `a.b` and the member b of an object a for the same.
                for block in blocks:
                    self._append_chunks(writer, stream, block, selected)
            else:
                writer.appendRowGroups(stream, blocks, True)
        return sum(int(block.getRowCount()) for block in blocks)

    def _append_chunks(
        self, writer: Any, stream: Any, block: Any, selected: _Selected, reader: Any = None
    ) -> None:
        """Appends columns of a row group one by one. Unlike `appendRowGroups` it can rename
        columns, and with a reader it keeps their page indexes, without which readers cannot skip
        pages by their least and greatest values.
        """
        # A large batch has hundreds of columns to copy: each call into the JVM counts.
        chunks = block.getColumns()
        writer.startBlock(block.getRowCount())
        for leaf in selected.leaves:
            chunk = chunks.get(leaf.at)
            indexes = (
                (reader.readColumnIndex(chunk), reader.readOffsetIndex(chunk)) if reader else (None,) * 2
            )
            named = self._renamed(chunk, leaf.column) if leaf.is_renamed else chunk
            writer.appendColumnChunk(leaf.column, stream, named, None, *indexes)
        writer.endBlock()

    def _renamed(self, chunk: Any, column: Any) -> Any:
        metadata = self._jvm.org.apache.parquet.hadoop.metadata
        return metadata.ColumnChunkMetaData.get(
            metadata.ColumnPath.get(column.getPath()),
            *(chunk.getPrimitiveType(), chunk.getCodec(), chunk.getEncodingStats(), chunk.getEncodings()),
            *(chunk.getStatistics(), chunk.getFirstDataPageOffset(), chunk.getDictionaryPageOffset()),
            *(chunk.getValueCount(), chunk.getTotalSize(), chunk.getTotalUncompressedSize()),
        )

    def _close(self, writer: Any) -> None:
        """Closes the file of a writer that failed, for which Parquet's writer has no method. On
        HDFS the file would keep its lease; in an object store its upload would never end.
        """
        out = writer.getClass().getDeclaredField("out")
        out.setAccessible(True)
        out.get(writer).close()

    def _select(self, schema: Any, columns: Optional[Mapping[str, str]]) -> _Selected:
        # Cached: dozens of calls into the JVM, for the same few schemas in every batch.
        key = (str(schema.toString()), tuple(columns.items()) if columns else None)
        if key not in self._selected:
            of = key[1] or tuple((field.getName(), field.getName()) for field in _items(schema.getFields()))
            missing = [source for _, source in of if not schema.containsField(source)]
            if missing:
                raise OSError(f"a staged Parquet file has no column {', '.join(missing)}")
            target = self._named(schema, of)
            at = {_path(column): index for index, column in enumerate(_items(schema.getColumns()))}
            sources = dict(of)
            leaves = []
            for column in _items(target.getColumns()):
                name, *inside = _path(column)
                source = sources[name]
                leaves.append(_Leaf(at[(source, *inside)], column, name != source))
            self._selected[key] = _Selected(target, leaves)
        return self._selected[key]

    def _named(self, schema: Any, columns: tuple[tuple[str, str], ...]) -> Any:
        """The schema of these columns under their names in the target."""
        of = [
            schema.getType(source) if name == source else self._with_name(schema.getType(source), name)
            for name, source in columns
        ]
        return self._jvm.org.apache.parquet.schema.MessageType(schema.getName(), of)

    def _with_name(self, given: Any, name: str) -> Any:
        """A type under another name, which the builders of Parquet's types make from its parts."""
        types, repetition = self._jvm.org.apache.parquet.schema.Types, given.getRepetition()
        if given.isPrimitive():
            of = types.primitive(given.getPrimitiveTypeName(), repetition).length(given.getTypeLength())
        else:
            of = types.buildGroup(repetition)
            for each in _items(given.getFields()):
                of.addField(each)
        meaning = given.getLogicalTypeAnnotation()
        return (getattr(of, "as")(meaning) if meaning is not None else of).named(name)

    def _footer(self, path: Any) -> Any:
        with closing(self._reader(path)) as reader:
            return reader.getFooter()

    def _reader(self, path: Any) -> Any:
        """A reader of a staged file. Raises JobError when Parquet cannot open it.

        Parquet's error for a file that was cut short depends on the last bytes of the file.
        """
        file = self._file(path)
        try:
            return self._open(file)
        except Py4JJavaError as error:
            cause = innermost(error.java_exception)
            raise JobError(
                f"{path.toString()} cannot be read as a whole Parquet file: {cause}",
                "the offsets of its batch are not committed: the next start runs it again",
            ) from error

    def _open(self, file: Any) -> Any:
        return self._jvm.org.apache.parquet.hadoop.ParquetFileReader.open(file)

    def _file(self, path: Any) -> Any:
        return self._jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, self._conf)


def _items(java_list: Any) -> list[Any]:
    """The elements of a Java list, by index. An iteration by py4j takes thirty calls, since it ends
    with an exception.
    """
    return [java_list.get(at) for at in range(java_list.size())]


def _has_dot(column: Any) -> bool:
    return any("." in name for name in _path(column))


def _plain_texts(page: bytes) -> list[str]:
    """The values of a page: levels, then texts, each with its length before it."""
    texts = []
    at = 4 + int.from_bytes(page[:4], "little")
    while at < len(page):
        end = at + 4 + int.from_bytes(page[at : at + 4], "little")
        texts.append(page[at + 4 : end].decode())
        at = end
    return texts


def _path(column: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in column.getPath())


def _may_have_several_pages(block: Any) -> bool:
    return (
        int(block.getRowCount()) >= _SEVERAL_PAGES_ROWS
        or int(block.getTotalByteSize()) >= _SEVERAL_PAGES_BYTES
    )
