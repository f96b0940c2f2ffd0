"""The topic at the broker: its id, where each partition begins and ends, and how many records there
are in ranges of offsets.

Not every offset is a record: transactions leave control records and aborted ones, compaction leaves
gaps, and retention removes records. Only the topic shows whether a batch with fewer rows than
offsets is whole.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Dict, TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from medallion.errors import EXIT_SETTINGS, JobError
from medallion.offset_log import Range
from medallion.settings import Settings

_TIMEOUT_S = 30
_POLL_MS = 1000
#: How long the lookup may make no progress in any partition.
_SILENT_S = 30.0

T = TypeVar("T")


@dataclass(frozen=True)
class Topic:
    """A topic's name, the id Kafka gave it when it was created, and offsets by partition.

    `latest` is the end of the records that are visible at the isolation level: with
    `read_committed` the first record of the oldest open transaction, if there is one. `log_end` is
    the end of the log.
    """

    name: str
    topic_id: str
    earliest: dict[str, int]
    latest: dict[str, int]
    log_end: dict[str, int]


@dataclass(frozen=True)
class Found:
    """The content of a partition within a range: the number of records, and the first offset that
    retention has kept.
    """

    records: int
    first: int


#: Looks up the content of the topic within ranges, by partition.
RecordLookup = Callable[[Dict[str, Range]], Dict[str, Found]]


class TopicAdmin:
    """Reads the topic's description from the broker, over one connection. Raises JobError, which a
    restart may fix, when the broker does not answer or has no such topic.
    """

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        java: Any = spark
        self._jvm = java._jvm
        self._settings = settings
        properties = {
            "bootstrap.servers": settings.bootstrap_servers,
            "default.api.timeout.ms": _TIMEOUT_S * 1000,
            "request.timeout.ms": _TIMEOUT_S * 1000 // 2,
        }
        create = self._jvm.org.apache.kafka.clients.admin.AdminClient.create
        self._admin: Any = self._answer(lambda: create(properties))

    def topic_id(self) -> str:
        """The id that Kafka gave the topic when it was created. It never comes back."""
        return str(self._answer(lambda: self._description().topicId().toString()))

    def describe(self) -> Topic:
        """The topic's id and offsets."""
        return self._answer(self._describe)

    def _answer(self, ask: Callable[[], T]) -> T:
        settings = self._settings
        try:
            return ask()
        except Py4JJavaError as error:
            if "UnknownTopicOrPartitionException" in str(error.java_exception.toString()):
                raise JobError(
                    f"topic {settings.topic} is not on {settings.bootstrap_servers}",
                    "correct KAFKA_TOPIC, or create it (`npm run up` does); a topic that was deleted under "
                    "its outputs needs `npm run reset`",
                ) from error
            asked = f"describe topic {settings.topic}"
            raise _unanswered(settings.bootstrap_servers, asked, _cause(error)) from error

    def _description(self) -> Any:
        described = self._admin.describeTopics([self._settings.topic]).allTopicNames()
        return described.get(_TIMEOUT_S, self._seconds())[self._settings.topic]

    def _describe(self) -> Topic:
        name, description = self._settings.topic, self._description()
        kafka = self._jvm.org.apache.kafka
        levels = kafka.common.IsolationLevel
        every = levels.READ_UNCOMMITTED
        readable = levels.valueOf(self._settings.isolation_level.upper())

        def offsets(spec: Any, level: Any) -> dict[str, int]:
            partitions = (info.partition() for info in description.partitions())
            asked = {kafka.common.TopicPartition(name, partition): spec for partition in partitions}
            options = kafka.clients.admin.ListOffsetsOptions(level)
            found = self._admin.listOffsets(asked, options).all().get(_TIMEOUT_S, self._seconds())
            return {str(at.partition()): int(found[at].offset()) for at in found}

        spec = kafka.clients.admin.OffsetSpec
        return Topic(
            name,
            str(description.topicId().toString()),
            earliest=offsets(spec.earliest(), every),
            latest=offsets(spec.latest(), readable),
            log_end=offsets(spec.latest(), every),
        )

    def _seconds(self) -> Any:
        return self._jvm.java.util.concurrent.TimeUnit.SECONDS


class TopicLookup:
    """Reads the records with a consumer in the driver. `isolation_level` is that of the query.
    Raises JobError, which a restart may fix, when the broker does not answer.
    """

    def __init__(self, spark: SparkSession, servers: str, topic: str, isolation_level: str) -> None:
        java: Any = spark
        self._jvm = java._jvm
        self._servers = servers
        self._topic = topic
        self._isolation_level = isolation_level

    def __call__(self, ranges: dict[str, Range]) -> dict[str, Found]:
        try:
            with closing(self._consumer()) as consumer:
                return self._find(consumer, ranges)
        except Py4JJavaError as error:
            raise self._unread(_cause(error)) from error

    def _consumer(self) -> Any:
        properties = {
            "bootstrap.servers": self._servers,
            "isolation.level": self._isolation_level,
            "enable.auto.commit": "false",
            "auto.offset.reset": "none",
            "allow.auto.create.topics": "false",
            "max.poll.records": "10000",
            # Otherwise the broker would wait for more records at the end of the topic.
            "fetch.max.wait.ms": "10",
        }
        bytes_ = self._jvm.org.apache.kafka.common.serialization.ByteArrayDeserializer
        return self._jvm.org.apache.kafka.clients.consumer.KafkaConsumer(properties, bytes_(), bytes_())

    def _find(self, consumer: Any, ranges: dict[str, Range]) -> dict[str, Found]:
        partition_of = self._jvm.org.apache.kafka.common.TopicPartition
        at = {partition: partition_of(self._topic, int(partition)) for partition in ranges}
        begins = consumer.beginningOffsets(list(at.values()))
        first = {
            partition: min(end, max(start, int(begins[at[partition]])))
            for partition, (start, end) in ranges.items()
        }
        left = {partition: end for partition, (_, end) in ranges.items() if first[partition] < end}
        consumer.assign([at[partition] for partition in left])
        for partition in left:
            consumer.seek(at[partition], first[partition])
        records = dict.fromkeys(ranges, 0)
        wait = self._jvm.java.time.Duration.ofMillis(_POLL_MS)
        positions, deadline = dict(first), time.monotonic() + _SILENT_S
        while left:
            polled = consumer.poll(wait)
            for partition, end in sorted(left.items()):
                records[partition] += _before(polled.records(at[partition]), end)
                position = int(consumer.position(at[partition]))
                if position > positions[partition]:
                    positions[partition], deadline = position, time.monotonic() + _SILENT_S
                if position >= end:
                    del left[partition]
                    consumer.pause([at[partition]])
            if left and time.monotonic() > deadline:
                raise self._unread(f"nothing came for {_SILENT_S:.0f} s")
        return {partition: Found(records[partition], first[partition]) for partition in ranges}

    def _unread(self, cause: str) -> JobError:
        return _unanswered(self._servers, f"show the records of topic {self._topic}", cause)


def _before(records: Any, end: int) -> int:
    """How many of a partition's records, in ascending order, have an offset below `end`."""
    low, high = 0, int(records.size())
    if high and int(records.get(high - 1).offset()) < end:
        return high
    while low < high:
        middle = (low + high) // 2
        if int(records.get(middle).offset()) < end:
            low = middle + 1
        else:
            high = middle
    return low


def _cause(error: Py4JJavaError) -> str:
    return str((error.java_exception.getCause() or error.java_exception).toString())


def _unanswered(servers: str, asked: str, cause: str) -> JobError:
    return JobError(
        f"Kafka at {servers} did not {asked}: {cause}",
        "check that the broker runs and that KAFKA_BOOTSTRAP_SERVERS is right",
    )


def resolve_starting_offsets(setting: str, topic: Topic) -> dict[str, int]:
    """STARTING_OFFSETS as one offset per partition, resolved once, so that a restart begins at the
    same record.

    Raises JobError (exit code 2) when its JSON does not name exactly the topic's partitions, as the
    Kafka source wants.
    """
    if setting == "earliest":
        return topic.earliest
    if setting == "latest":
        return topic.latest
    given: dict[str, int] = json.loads(setting)[topic.name]
    if set(given) != set(topic.earliest):
        raise JobError(
            f"STARTING_OFFSETS names partitions {', '.join(sorted(given))} of {topic.name}; "
            f"allowed: all of {', '.join(sorted(topic.earliest))}.",
            "name every partition; -2 is earliest, -1 latest",
            EXIT_SETTINGS,
        )
    named = {-2: topic.earliest, -1: topic.latest}
    return {
        partition: named[offset][partition] if offset < 0 else offset for partition, offset in given.items()
    }
