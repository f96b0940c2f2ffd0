"""The life of the job: it starts the queries, watches them, and stops them in order."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import Any

from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession

from medallion import log
from medallion.checkpoint_repair import GoldRepair
from medallion.cluster_watchdog import watch_executors
from medallion.errors import JobError
from medallion.failure import is_about_the_topic, query_failure
from medallion.file_source_log import GoldReaders
from medallion.gold_query import start_gold
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import start_ingest
from medallion.offset_log import OffsetLog
from medallion.pipeline_record import keep_pipeline, refuse_former_layout
from medallion.progress_file import PROGRESS_FILE, ProgressFile
from medallion.queries import STOP_S, Queries
from medallion.session import use_local_checkpoints
from medallion.settings import Settings
from medallion.sinks.naming import INGEST
from medallion.source_manifest import (
    SourceManifest,
    loss_of,
    mark_started,
    open_source,
    refuse_recreated_topic,
)
from medallion.topic import TopicAdmin

#: How long running batches may take to finish after a stop was requested.
GRACE_S = 15.0
_POLL_S = 0.1
# Above Spark's own hook (40), which would stop the SparkContext under the running batch.
_HOOK_PRIORITY = 100


class Job:
    """Starts, watches and stops the queries of one application."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._queries = Queries(spark)
        self._asked = threading.Event()
        self._draining = threading.Lock()
        self._drained = False
        self._grace_s = GRACE_S
        self._hooks: Any = None
        self._hook: Any = None

    def run(self) -> None:
        """Runs until a stop is requested. Raises JobError when a start is refused or a query
        ends.
        """
        self._listen_for_stop()
        settings, spark = self._settings, self._spark
        log.info(
            f"starting: Spark {spark.version} on {spark.sparkContext.master}, "
            f"topic {settings.topic}, output {settings.output_path}"
        )
        files = HadoopFiles(spark, settings.output_path)
        refuse_former_layout(files)
        admin = TopicAdmin(spark, settings)
        tables = [table.name for table in settings.pipeline.gold]
        manifest = open_source(files, admin.describe(), settings.starting_offsets, tables)
        keep_pipeline(files, settings.pipeline_json)
        for table in settings.pipeline.gold:
            GoldRepair(files, table.name).run()
        self._start_queries(files, admin, manifest)
        offset_log = OffsetLog(files, INGEST)
        executors = watch_executors(spark)
        announced = False
        while not self._asked.wait(_POLL_S):
            self._raise_failure(admin, manifest, offset_log)
            try:
                executors.check()
            except JobError:
                # Without executors a running batch cannot end, so the stop does not wait for it.
                self._grace_s = 0.0
                raise
            if not announced and self._queries.are_active and offset_log.has_start():
                announced = True
                mark_started(files, manifest)
                log.info("query running, start offsets fixed")
        self.drain()
        self._raise_failure(admin, manifest, offset_log)

    def drain(self) -> None:
        """Lets running batches commit within the grace period, then stops every query.
        Thread-safe.
        """
        with self._draining:
            if not self._drained:
                self._asked.set()
                self._queries.stop(self._grace_s)
                self._drained = True

    def close(self) -> None:
        """Stops the queries and removes the JVM's shutdown hook, which nothing would answer once
        Python has ended.
        """
        self.drain()
        if self._hook is not None and not self._hooks.isShutdownInProgress():
            self._hooks.removeShutdownHook(self._hook)

    def _start_queries(self, files: HadoopFiles, admin: TopicAdmin, manifest: SourceManifest) -> None:
        # Under the lock of `drain`: otherwise a stop would miss a query that starts meanwhile.
        with self._draining:
            if self._asked.is_set():
                return
            use_local_checkpoints(self._spark, files)
            self._queries.lines.record = ProgressFile(files.local_path(PROGRESS_FILE)).append
            tables = self._settings.pipeline.gold
            readers = GoldReaders(files, [table.name for table in tables])
            self._queries.start(
                INGEST,
                lambda guard: start_ingest(
                    *(self._spark, self._settings, files, manifest, guard),
                    lambda: refuse_recreated_topic(manifest, admin.topic_id()),
                    readers.have_read,
                ),
            )
            for table in tables:
                start = partial(start_gold, self._spark, self._settings, files, table)
                self._queries.start(table.name, start)

    def _raise_failure(self, admin: TopicAdmin, manifest: SourceManifest, offset_log: OffsetLog) -> None:
        failed = self._queries.failed()
        if failed is None:
            return
        failure = query_failure(failed.query, failed.guard.failure)
        # Only `ingest` reads the topic.
        if failed.query.name == INGEST and is_about_the_topic(failure):
            failure = loss_of(admin.describe(), manifest, offset_log) or failure
        raise failure

    def _listen_for_stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked.set())
        gateway: Any = self._spark.sparkContext._gateway
        ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
        jvm: Any = self._spark._jvm
        self._hooks = jvm.org.apache.hadoop.util.ShutdownHookManager.get()
        # The hook manager hashes its hooks, which a proxy of a Python object does not answer; a
        # Thread around it does.
        self._hook = jvm.java.lang.Thread(_JvmHook(self))
        self._hooks.addShutdownHook(
            self._hook, _HOOK_PRIORITY, int(GRACE_S + 3 * STOP_S), jvm.java.util.concurrent.TimeUnit.SECONDS
        )


class _JvmHook:
    """A java.lang.Runnable that the driver's JVM runs when it ends, before it stops Spark."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def run(self) -> None:
        self._job.drain()

    class Java:
        implements = ("java.lang.Runnable",)
