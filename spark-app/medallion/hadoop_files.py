"""Files of any Hadoop file system, through Hadoop's own API in the driver's JVM."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import reduce
from pathlib import PurePosixPath
from typing import Any, Optional
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession

from medallion.sinks.parquet_files import ParquetFiles

_DRAFT = ".new"
_END_MARK = "\n"
_COPY_BYTES = 1 << 20
_SYNC_THREADS = 8
#: Characters that make a path a pattern to Spark (SparkHadoopUtil.isGlobPath).
_GLOB = re.compile(r"[{}\[\]*?\\]")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):")
_NO_CSV_MARKS = bytes(set(range(256)) - set(b'"\n'))


def local_path(root: str) -> Optional[str]:
    """The path on the local disk that a path or a `file:` URI names, None for another file
    system.
    """
    scheme = _SCHEME.match(root)
    if not scheme:
        return root
    path = re.sub(r"^//(?=/)", "", root[scheme.end() :])
    if scheme[1].lower() != "file" or not path.startswith("/") or path.startswith("//"):
        return None
    # A percent sign that does not begin an encoding is a literal one.
    return path if re.search(r"%(?![0-9a-fA-F]{2})", path) else unquote(path)


def local_uri(path: str) -> str:
    """The `file:///` URI of an absolute path, with everything encoded that a URI cannot hold as it
    is.
    """
    return PurePosixPath(path).as_uri()


class HadoopFiles:
    """File operations below one root. Paths are given relative to it, with `/`; errors are Hadoop's
    own.

    `root` is an absolute path on the local disk, whatever fs.defaultFS is, a `file:` URI with
    percent encoding, or the URI of another file system as Hadoop spells it.
    """

    def __init__(self, spark: SparkSession, root: str) -> None:
        self._spark = spark
        # Typed as Any, because py4j resolves every name at run time.
        java: Any = spark
        self._jvm = java._jvm
        self._conf = java._jsc.hadoopConfiguration()
        self._path = self._jvm.org.apache.hadoop.fs.Path
        at = self._location(root)
        self._fs = at.getFileSystem(self._conf)
        self._root = self._fs.makeQualified(at)
        self._context = self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(
            self._root.toUri(), self._conf
        )
        rename = getattr(self._jvm.org.apache.hadoop.fs, "Options$Rename")
        self._overwrite = java.sparkContext._gateway.new_array(rename, 1)
        self._overwrite[0] = rename.OVERWRITE
        self._parquet = ParquetFiles(self._jvm, self._conf)
        #: Whether the root is on a local disk.
        self.is_local = self._root.toUri().getScheme() == "file"
        self._local_root = str(self._root.toUri().getPath())

    def _location(self, root: str) -> Any:
        path = local_path(root)
        # As a URI object: a text would be used literally, percent signs included.
        return self._path(root if path is None else self._jvm.java.net.URI(local_uri(path)))

    def uri(self, path: str = "") -> str:
        """The full URI, for Spark's readers and writers."""
        return str(self._at(path).toString())

    def names(self, folder: str) -> list[str]:
        """Names in a folder, in no order. Empty when the folder does not exist."""
        if self.is_local:
            try:
                return os.listdir(self._local(folder))
            except FileNotFoundError:
                return []
        if not self.exists(folder):
            return []
        paths = self._jvm.org.apache.hadoop.fs.FileUtil.stat2Paths(self._fs.listStatus(self._at(folder)))
        # All names as one text, `{a,b}`: py4j would make three calls for each name.
        listed = str(self._jvm.org.apache.commons.lang3.ArrayUtils.toString(paths))
        inside = f"{self.uri(folder)}/"
        return f",{listed[1:-1]}".split(f",{inside}")[1:]

    def size(self, path: str) -> int:
        """A file's size in bytes."""
        return int(self._fs.getFileStatus(self._at(path)).getLen())

    def is_in(self, uri: str, folder: str) -> bool:
        """Whether an encoded URI is that of a file in a folder."""
        return bool(self._path(self._jvm.java.net.URI(uri)).getParent().equals(self._at(folder)))

    def first_byte(self, path: str) -> Optional[int]:
        """A file's first byte, None when it is empty."""
        with closing(self._fs.open(self._at(path))) as stream:
            first = int(stream.read())
        return None if first < 0 else first

    def modified_ms(self, path: str) -> int:
        """When a file or folder was last changed (ms since 1970), by the clock of the storage."""
        return int(self._fs.getFileStatus(self._at(path)).getModificationTime())

    def newest_ms(self, folder: str) -> int:
        """When the newest file in a folder or below was last changed; when there is none, the
        folder itself.
        """
        newest = self.modified_ms(folder)
        found = self._fs.listFiles(self._at(folder), True)
        while found.hasNext():
            newest = max(newest, int(found.next().getModificationTime()))
        return newest

    def exists(self, path: str) -> bool:
        return bool(self._fs.exists(self._at(path)))

    def csv_records(self, path: str) -> int:
        """The number of records of a CSV file (RFC 4180), its header included. Each ends with a
        line end.
        """
        return _csv_records(self._chunks(path))

    def _chunks(self, path: str) -> Iterator[bytes]:
        if self.is_local:
            with open(self._local(path), "rb") as file:
                yield from iter(lambda: file.read(_COPY_BYTES), b"")
            return
        io = self._jvm.org.apache.commons.io
        with closing(self._fs.open(self._at(path))) as stream:
            while chunk := bytes(io.IOUtils.toByteArray(io.input.BoundedInputStream(stream, _COPY_BYTES))):
                yield chunk

    def read_text(self, path: str) -> Optional[str]:
        """The text (UTF-8) that `write_text` wrote last, or None when there is none.

        Completes a write that was interrupted after its draft was complete.
        """
        draft = f"{path}{_DRAFT}"
        if not self.exists(path) and self.exists(draft):
            # A draft without its end mark was cut short and counts as not written.
            if not self._text(draft).endswith(_END_MARK):
                return None
            self.rename(draft, path)
        return self._text(path) if self.exists(path) else None

    def _text(self, path: str) -> str:
        with closing(self._fs.open(self._at(path))) as stream:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))

    def write_text(self, path: str, text: str) -> None:
        """Writes a small file so that `read_text` returns the old text or the new one, also after a
        power cut.

        A local rename onto an existing file deletes that file first; in between only the draft
        exists.
        """
        draft = f"{path}{_DRAFT}"
        with closing(self._fs.create(self._at(draft), True)) as stream:
            stream.write(bytearray(text + _END_MARK, "utf-8"))
        # Otherwise the name could be on the disk before the text.
        if self.is_local:
            _sync(self._local(draft))
        self.rename(draft, path)

    def rename(self, source: str, target: str) -> None:
        """Renames a file, replacing the file of that name.

        Uses FileContext where there is a file of that name, since FileSystem may keep that file and
        return False. Otherwise FileSystem is enough: on a local disk FileContext starts a process
        (readlink), which takes as long as a hundred renames.
        """
        from_, to = self._at(source), self._at(target)
        if self._fs.exists(to) or not self._fs.rename(from_, to):
            self._context.rename(from_, to, self._overwrite)

    def make_folder(self, folder: str) -> None:
        """Makes a folder and its parents unless it exists."""
        if self.is_local:
            self.make_local_folders(folder)
        elif not self._fs.mkdirs(self._at(folder)):
            raise OSError(f"{self.uri(folder)} could not be made")

    def make_local_folders(self, *folders: str) -> None:
        """Makes folders and their parents where the root is on a local disk. Does nothing
        elsewhere.

        A writer would make them, but Hadoop starts a process (chmod) for each folder that it makes.
        """
        if self.is_local:
            for folder in folders:
                os.makedirs(self._local(folder), exist_ok=True)

    def sync(self, paths: Iterable[str]) -> None:
        """Waits until files, and their names in their folders, are on the local disk, so that they
        outlive a power cut. Does nothing for other storage, which has its own rules of durability.
        """
        if not self.is_local:
            return
        files = [self._local(path) for path in paths]
        folders = sorted({os.path.dirname(file) for file in files})
        # In parallel: a file system flushes waiting writes to the disk together.
        with ThreadPoolExecutor(_SYNC_THREADS) as threads:
            for some in (files, folders):
                list(threads.map(_sync, some))

    def delete(self, path: str) -> None:
        """Deletes a file, or a folder with its content, if it exists."""
        at = self._at(path)
        if not self._fs.delete(at, True) and self._fs.exists(at):
            raise OSError(f"{self.uri(path)} could not be deleted")

    def join_text(self, first: str, sources: list[str], target: str) -> None:
        """Writes a text (UTF-8) and then the bytes of files, one after the other, into a new
        file.
        """
        if self.is_local:
            with open(self._local(target), "wb") as joined:
                joined.write(first.encode())
                for source in sources:
                    with open(self._local(source), "rb") as part:
                        shutil.copyfileobj(part, joined, _COPY_BYTES)
            return
        with closing(self._fs.create(self._at(target), True)) as out:
            out.write(bytearray(first, "utf-8"))
            for source in sources:
                with closing(self._fs.open(self._at(source))) as stream:
                    self._jvm.org.apache.hadoop.io.IOUtils.copyBytes(stream, out, _COPY_BYTES, False)

    def join_parquet(self, sources: list[str], target: str, columns: Optional[Mapping[str, str]]) -> int:
        """Writes one Parquet file with all rows of several, see `ParquetFiles.join`."""
        return self._parquet.join([self._at(source) for source in sources], self._at(target), columns)

    def read_parquet(self, paths: list[str], schema: Optional[str] = None) -> DataFrame:
        """The rows of Parquet files as a DataFrame. With a schema no Spark job reads a footer
        first.
        """
        # The names are literal: a root such as /data/a[1] must not be interpreted as a pattern.
        reader = self._spark.read.option("__globPaths__", "false")
        reader = reader.schema(schema) if schema else reader
        uris = [self.uri(path) for path in paths]
        if not any(map(_GLOB.search, uris)):
            return reader.parquet(*uris)
        # Nevertheless Spark 3.5 reads all paths once for each path that looks like a pattern.
        return reduce(DataFrame.unionAll, [reader.parquet(uri) for uri in uris])

    def parquet_texts(self, path: str, column: str) -> list[str]:
        """The texts of a column of a Parquet file, see `ParquetFiles.texts`."""
        return self._parquet.texts(self._at(path), column)

    def parquet_rows(self, path: str) -> int:
        """The number of rows a Parquet file's footer states."""
        return self._parquet.rows(self._at(path))

    def local_path(self, path: str) -> Optional[str]:
        """The path on the local disk, None on another file system."""
        return self._local(path) if self.is_local else None

    def _local(self, path: str) -> str:
        return os.path.join(self._local_root, path)

    def _at(self, path: str) -> Any:
        return self._path(self._root, path) if path else self._root


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _csv_records(chunks: Iterable[bytes]) -> int:
    records, inside = 0, b""
    for chunk in chunks:
        if not inside and b'"' not in chunk:
            records += chunk.count(b"\n")
            continue
        # Only line ends and quotation marks matter. A pair of quotation marks changes nothing,
        # whatever is between them.
        marks = (inside + chunk.translate(None, _NO_CSV_MARKS)).replace(b'""', b"")
        spans = marks.split(b'"')
        records += sum(span.count(b"\n") for span in spans[::2])
        inside = b"" if len(spans) % 2 else b'"'
    return records
