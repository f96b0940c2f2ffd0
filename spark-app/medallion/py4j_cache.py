"""Names of the JVM, asked for once.

py4j asks the JVM what a name is each time that it is mentioned, and the JVM looks through every jar for each
part of it that is no class, `org` and `org.apache` included: a fifth of what the driver computed for a batch.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from pyspark.sql import SparkSession

# What PySpark and this job mention in every batch.
_NAMES = (
    "PythonUtils",
    "SparkSession",
    "SparkSession$",
    "functions",
    "java.io.FileOutputStream",
    "java.util.ArrayList",
    "java.util.HashMap",
    "java.util.concurrent.TimeUnit",
    "org.apache.commons.io.IOUtils",
    "org.apache.hadoop.io.IOUtils",
    "org.apache.parquet.hadoop.ParquetFileReader",
    "org.apache.parquet.hadoop.ParquetFileWriter",
    "org.apache.parquet.hadoop.util.HadoopInputFile",
    "org.apache.parquet.hadoop.util.HadoopOutputFile",
    "py4j.reflection.TypeUtil",
)


def cache_names(spark: SparkSession) -> None:
    """Keeps what these names are as attributes, which come before asking."""
    for name in _NAMES:
        reduce(_remembered, name.split("."), spark._jvm)


def _remembered(parent: Any, name: str) -> Any:
    child = getattr(parent, name)
    setattr(parent, name, child)
    return child
