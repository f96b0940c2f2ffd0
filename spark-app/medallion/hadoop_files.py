"""Files of any Hadoop file system, through Hadoop's own API in the driver's JVM."""

from __future__ import annotations

from typing import Any, Optional

from pyspark.sql import SparkSession

_DRAFT = ".new"
_END_MARK = "\n"


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

    def read_text(self, path: str) -> Optional[str]:
        """The text (UTF-8) that `write_text` left, or None when there is none."""
        for candidate in (path, f"{path}{_DRAFT}"):
            if self.exists(candidate):
                text = self._text(candidate)
                # Without its end mark a draft was cut short: nothing was written yet.
                if candidate == path or text.endswith(_END_MARK):
                    return text
        return None

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

        FileContext, because FileSystem.rename may return False and keep the old file.
        """
        self._context.rename(self._at(source), self._at(target), self._overwrite)

    def make_folder(self, folder: str) -> None:
        """Makes a folder and its parents; nothing happens when it is there."""
        if not self._fs.mkdirs(self._at(folder)):
            raise OSError(f"{self.uri(folder)} could not be made")

    def delete(self, path: str) -> None:
        """Deletes a file or a folder with its content; nothing happens when it is not there."""
        at = self._at(path)
        if not self._fs.delete(at, True) and self._fs.exists(at):
            raise OSError(f"{self.uri(path)} could not be deleted")

    def parquet_rows(self, path: str) -> int:
        """The number of rows a Parquet file's footer states."""
        hadoop_file = self._jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(
            self._at(path), self._conf
        )
        reader = self._jvm.org.apache.parquet.hadoop.ParquetFileReader.open(hadoop_file)
        try:
            return int(reader.getRecordCount())
        finally:
            reader.close()

    def _at(self, path: str) -> Any:
        return self._path(self._root, path) if path else self._root
