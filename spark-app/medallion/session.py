"""The Spark session: the configuration on which the outputs depend, and the job's tuning."""

from __future__ import annotations

from functools import reduce
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from medallion.hadoop_files import HadoopFiles
from medallion.settings import Settings

#: The outputs depend on these, so an operator's configuration does not override them.
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    # One bad field must not make the others NULL; otherwise reasons would be wrong.
    "spark.sql.json.enablePartialResults": "true",
    # Patterns of times are those of the JDK, as in the contract, and a text that does not match
    # raises nothing.
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    # A text with ${…} is a text: it would become the value of a variable of the environment.
    "spark.sql.variable.substitute": "false",
    # Exact validation has nested lambdas; each level takes iterations of the analyzer.
    "spark.sql.analyzer.maxIterations": "1000",
    # Instants that every reader interprets as UTC; CORRECTED also writes years before 1900 instead
    # of failing.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    # A task's number is the part of its file, so each task must write only one.
    "spark.sql.files.maxRecordsPerFile": "0",
    # A staged folder must have only data files.
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    # Hadoop's local checksum files double the number of files and do not survive a replacing rename
    # as a pair.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    # spark-submit has opened (and cached) the local file system before this configuration applies.
    "spark.hadoop.fs.file.impl.disable.cache": "true",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
}

#: Rules of the optimizer that find nothing in the plan of a micro-batch, or nothing that would make
#: it faster. They took most of the time of optimizing.
_EXCLUDED_RULES = (
    "BooleanSimplification",
    "CollapseProject",
    "ConstantFolding",
    "FoldablePropagation",
    "MergeScalarSubqueries",
    "NullDownPropagation",
    "NullPropagation",
    "OptimizeCsvJsonExprs",
    "OptimizeOneRowRelationSubquery",
    "PushFoldableIntoBranches",
    "RemoveDispensableExpressions",
    "RemoveNoopOperators",
    "RemoveRedundantAliases",
    "ReorderAssociativeOperator",
    "ReplaceNullWithFalseInPredicate",
    "SimplifyBinaryComparison",
    "SimplifyCasts",
    "SimplifyConditionals",
    "SimplifyExtractValueOps",
    "UnwrapCastInBinaryComparison",
)

#: Tuning for speed and short logs. An operator's `--conf` or spark-defaults.conf overrides it.
_TUNING = {
    "spark.log.level": "WARN",
    # The parallel steps of a batch, and the queries, share the cores instead of queueing.
    "spark.scheduler.mode": "FAIR",
    "spark.ui.showConsoleProgress": "false",
    # The history that the driver keeps for its web pages, over thousands of batches. The defaults
    # are 1,000 jobs, stages and SQL plans, and 100,000 tasks.
    "spark.ui.retainedJobs": "100",
    "spark.ui.retainedStages": "100",
    "spark.ui.retainedTasks": "1000",
    "spark.sql.ui.retainedExecutions": "50",
    # The driver makes a text of every job's plan for the SQL page. This mode is the shorter one,
    # and only the first columns of a step are shown.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.debug.maxToStringFields": "2",
    # One job writes silver and the rest, with two open writers. Once the number of open writers
    # reaches the limit, Spark sorts the remaining rows by folder instead.
    "spark.sql.maxConcurrentOutputFileWriters": "3",
    # Each part that is read should be worth a task.
    "spark.sql.files.maxPartitionBytes": str(12 << 20),
    "spark.sql.files.openCostInBytes": str(1 << 20),
    "spark.sql.optimizer.excludedRules": ",".join(
        f"org.apache.spark.sql.catalyst.optimizer.{rule}" for rule in _EXCLUDED_RULES
    ),
    # Java never compiles a longer method, so Spark has to split it.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Above 32 files Spark would start a job to list them; the driver does it in a few milliseconds.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    # Otherwise the job that lists more files would have 10,000 tasks: a gold table that is added
    # later reads all silver.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "100",
    # Staging is private until the rename, so a job's output may appear task by task: fewer renames.
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
}

#: Settings that make many rows faster and few rows slower, with the value for many and for few.
_BY_SIZE = {
    # For few rows the generation of code takes longest, and hardly makes each row faster.
    "spark.sql.codegen.wholeStage": ("true", "false"),
    "spark.sql.codegen.factoryMode": ("FALLBACK", "NO_CODEGEN"),
    "spark.sql.subexpressionElimination.enabled": ("true", "false"),
    # Reading many rows back in a dozen parts, however few files there are, keeps all cores busy to
    # the end.
    "spark.sql.files.minPartitionNum": ("12", "1"),
}

_RETAINED = "spark.sql.streaming.minBatchesToRetain"

_CHECKPOINT_MANAGER = "spark.sql.streaming.checkpointFileManagerClass"
#: On a local disk this manager's rename is also atomic, and starts no process. Spark's default
#: starts five (`readlink`) for each file of its logs.
_LOCAL_CHECKPOINTS = "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"

#: Names of the JVM that PySpark and this job use in every batch. py4j asks the JVM about a name at
#: each use, and the JVM searches every jar for each part of it that is not a class, `org` and
#: `org.apache` included. That was a fifth of the driver's CPU for a batch.
_JVM_NAMES = (
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


def open_session(settings: Settings) -> SparkSession:
    """Starts Spark. Nothing here depends on the machine's locale or time zone."""
    # Starts the JVM, which has the configuration of spark-submit; nothing of Spark runs yet.
    SparkContext._ensure_initialized()
    builder = SparkSession.Builder().appName("medallion-stream")
    for name, value in _configuration(settings, dict(SparkConf().getAll())).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for path in _JVM_NAMES:
        reduce(_remembered, path.split("."), spark._jvm)
    return spark


def _remembered(parent: Any, name: str) -> Any:
    """Resolves a name and keeps it as an attribute, which Python finds before py4j asks the JVM."""
    child = getattr(parent, name)
    setattr(parent, name, child)
    return child


def use_local_checkpoints(spark: SparkSession, files: HadoopFiles) -> None:
    """Makes queries that start from now on write checkpoints on a local disk without starting
    processes.
    """
    if files.is_local and spark.conf.get(_CHECKPOINT_MANAGER, None) is None:
        spark.conf.set(_CHECKPOINT_MANAGER, _LOCAL_CHECKPOINTS)


def tune_for_size(spark: SparkSession, is_large: bool) -> None:
    """Makes the session plan later jobs for many rows, or for few."""
    given = spark.sparkContext._conf
    for name, (large, small) in _BY_SIZE.items():
        if not given.contains(name):
            spark.conf.set(name, large if is_large else small)


def batches_retained(settings: Settings) -> int:
    """The number of micro-batches that a checkpoint keeps. A pruned file's end offsets come from
    the offset log, so the log has to reach back to the oldest file that is kept.
    """
    return max(100, settings.max_files_per_sink + 2)


def _configuration(settings: Settings, given: dict[str, str]) -> dict[str, str]:
    """The configuration that is added to the operator's."""
    tuning = {**_TUNING, "spark.sql.shuffle.partitions": str(settings.shuffle_partitions)}
    retained = max(batches_retained(settings), int(given.get(_RETAINED, 0)))
    unset = {name: value for name, value in tuning.items() if name not in given}
    return {**_FIXED, _RETAINED: str(retained), **unset}
