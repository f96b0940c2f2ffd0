"""From settings to an exit code: start, watch, and stop in good order."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any, Optional

from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from medallion.config import Settings
from medallion.console import say
from medallion.errors import JobError
from medallion.executor_watch import watch_executors
from medallion.failure import is_about_the_topic, query_failure
from medallion.gate import BatchGate
from medallion.hadoop_files import HadoopFiles
from medallion.naming import QUERY
from medallion.offset_log import OffsetLog
from medallion.progress import CommitLines
from medallion.query import start_query
from medallion.source_record import SourceRecord, mark_started, open_source, refuse_recreated_topic
from medallion.topic import TopicAdmin
from medallion.topic_loss import loss_of

#: How long a running batch may take to finish once a stop was asked for.
GRACE_S = 15.0
#: How long stopping the query may take after that: its thread has to notice.
STOP_S = 5.0
#: How long the query's last event may take to arrive.
LAST_EVENT_S = 2.0
_POLL_S = 0.1
# Above Spark's own hook (40), which would stop the SparkContext under the running batch.
_HOOK_PRIORITY = 100


class Job:
    """The running query and the one way to stop it."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._gate = BatchGate()
        self._asked = threading.Event()
        self._draining = threading.Lock()
        self._drained = False
        self._query: Optional[StreamingQuery] = None
        self._abandoned = False
        self._grace_s = GRACE_S
        self._lines = CommitLines(self._gate)
        self._hooks: Any = None
        self._hook: Any = None

    def run(self) -> None:
        """Runs until a stop is asked for. Raises JobError when a start is refused or the query ends by
        itself.
        """
        self._listen_for_stop()
        settings, spark = self._settings, self._spark
        say(
            f"starting: Spark {spark.version} on {spark.sparkContext.master}, "
            f"topic {settings.topic}, output {settings.output_path}"
        )
        files = HadoopFiles(spark, settings.output_path)
        admin = TopicAdmin(spark, settings)
        record = open_source(files, admin.describe(), settings.starting_offsets)
        if not self._asked.is_set():
            spark.streams.addListener(self._lines)
            self._query = start_query(
                *(spark, settings, files, record, self._gate),
                lambda: refuse_recreated_topic(record, admin.topic_id()),
            )
        log = OffsetLog(files, QUERY)
        executors = watch_executors(spark)
        announced = False
        while not self._asked.wait(_POLL_S):
            self._raise_failure(admin, record, log)
            try:
                executors.check()
            except JobError:
                # Its batch cannot end.
                self._grace_s = 0.0
                raise
            if not announced and log.has_start():
                announced = True
                mark_started(files, record)
                say("query running, start offsets fixed")
        self.drain()
        self._raise_failure(admin, record, log)

    def drain(self) -> None:
        """Lets a running batch commit within the grace, then stops the query. Safe to call from several
        threads.
        """
        with self._draining:
            if not self._drained:
                self._stop_query()
                self._drained = True

    def close(self) -> None:
        """Stops, and takes the JVM's hook back: once Python has ended nobody would answer it."""
        self.drain()
        if self._hook is not None and not self._hooks.isShutdownInProgress():
            self._hooks.removeShutdownHook(self._hook)

    def _stop_query(self) -> None:
        self._asked.set()
        self._gate.shut()
        query = self._query
        if query is None:
            return
        self._quiet_refusals()
        deadline = time.monotonic() + self._grace_s
        while time.monotonic() < deadline and _is_at_work(query):
            time.sleep(_POLL_S / 2)
        if _is_at_work(query):
            self._abandoned = True
            say(
                f"query={query.name} abandons its batch: not finished {self._grace_s:.0f} s after the stop; "
                "a restart runs it again"
            )
        # Bounded: a stop waits for the query's thread, and the JVM may be ending around it.
        stop = threading.Thread(target=query.stop, daemon=True)
        stop.start()
        stop.join(STOP_S)
        # Spark would go on calling it when Python has gone, and log that at length.
        self._lines.ended.wait(LAST_EVENT_S)
        self._spark.streams.removeListener(self._lines)

    def _quiet_refusals(self) -> None:
        # Spark logs a refused batch as a failed query with its stack; real failures this job says itself.
        log4j: Any = self._spark._jvm.org.apache.logging.log4j  # type: ignore[union-attr]
        name = "org.apache.spark.sql.execution.streaming.MicroBatchExecution"
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)

    def _raise_failure(self, admin: TopicAdmin, record: SourceRecord, log: OffsetLog) -> None:
        query = self._query
        if query is None or query.isActive or query.exception() is None:
            return
        if self._gate.has_refused or self._abandoned:
            return
        failure = query_failure(query, self._gate.failure)
        if is_about_the_topic(failure):
            failure = loss_of(admin.describe(), record, log) or failure
        raise failure

    def _listen_for_stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked.set())
        gateway: Any = self._spark.sparkContext._gateway
        ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
        jvm: Any = self._spark._jvm
        self._hooks = jvm.org.apache.hadoop.util.ShutdownHookManager.get()
        # The hook manager hashes its hooks, which a proxy of a Python object does not answer; a Thread
        # around it does.
        self._hook = jvm.java.lang.Thread(_JvmHook(self))
        self._hooks.addShutdownHook(
            self._hook, _HOOK_PRIORITY, int(GRACE_S + 3 * STOP_S), jvm.java.util.concurrent.TimeUnit.SECONDS
        )


def _is_at_work(query: StreamingQuery) -> bool:
    return bool(query.isActive and query.status["isTriggerActive"])


class _JvmHook:
    """java.lang.Runnable: the driver's JVM was told to end, and asks here before it takes Spark down."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def run(self) -> None:
        self._job.drain()

    class Java:
        implements = ("java.lang.Runnable",)
