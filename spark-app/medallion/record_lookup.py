"""How many records the topic itself has in ranges of offsets, asked with a consumer of the driver's.

Not every offset is a record: transactions leave control records and aborted ones, compaction leaves
gaps, and retention takes records away. Whether a batch that has fewer rows than offsets is whole, only
the topic can say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from medallion.errors import JobError
from medallion.offset_log import Range

_POLL_MS = 1000
#: How long no partition may come nearer to its end.
_SILENT_S = 30.0


@dataclass(frozen=True)
class Found:
    """What a partition has within a range: its records, and the first offset of it that retention has
    left.
    """

    records: int
    first: int


class RecordLookup(Protocol):
    """Asks the topic what it has within ranges, by partition."""

    def __call__(self, ranges: dict[str, Range]) -> dict[str, Found]: ...


class TopicLookup:
    """Asks Kafka. `isolation_level` is the one that the query reads with. Raises JobError, which a
    restart may mend, when the broker does not answer.
    """

    def __init__(self, spark: SparkSession, servers: str, topic: str, isolation_level: str) -> None:
        java: Any = spark
        self._jvm = java._jvm
        self._servers = servers
        self._topic = topic
        self._isolation_level = isolation_level

    def __call__(self, ranges: dict[str, Range]) -> dict[str, Found]:
        try:
            consumer = self._consumer()
            try:
                return self._find(consumer, ranges)
            finally:
                consumer.close()
        except Py4JJavaError as error:
            cause = error.java_exception.getCause() or error.java_exception
            raise self._unread(str(cause.toString())) from error

    def _consumer(self) -> Any:
        properties = self._jvm.java.util.Properties()
        for name, value in {
            "bootstrap.servers": self._servers,
            "isolation.level": self._isolation_level,
            "enable.auto.commit": "false",
            "auto.offset.reset": "none",
            "allow.auto.create.topics": "false",
            "max.poll.records": "10000",
            # At the end of the topic the broker would wait for more.
            "fetch.max.wait.ms": "10",
        }.items():
            properties.setProperty(name, value)
        bytes_ = self._jvm.org.apache.kafka.common.serialization.ByteArrayDeserializer
        return self._jvm.org.apache.kafka.clients.consumer.KafkaConsumer(properties, bytes_(), bytes_())

    def _find(self, consumer: Any, ranges: dict[str, Range]) -> dict[str, Found]:
        partition_of = self._jvm.org.apache.kafka.common.TopicPartition
        at = {partition: partition_of(self._topic, int(partition)) for partition in ranges}
        consumer.assign(self._list(at.values()))
        begins = consumer.beginningOffsets(self._list(at.values()))
        first = {
            partition: min(end, max(start, int(begins[at[partition]])))
            for partition, (start, end) in ranges.items()
        }
        for partition, offset in first.items():
            consumer.seek(at[partition], offset)
        records = dict.fromkeys(ranges, 0)
        left = {partition for partition, (_, end) in ranges.items() if first[partition] < end}
        consumer.pause(self._list(at[partition] for partition in ranges if partition not in left))
        wait = self._jvm.java.time.Duration.ofMillis(_POLL_MS)
        positions, deadline = dict(first), time.monotonic() + _SILENT_S
        while left:
            polled = consumer.poll(wait)
            for partition in sorted(left):
                end = ranges[partition][1]
                records[partition] += _before(polled.records(at[partition]), end)
                position = int(consumer.position(at[partition]))
                if position > positions[partition]:
                    positions[partition], deadline = position, time.monotonic() + _SILENT_S
                if position >= end:
                    left.discard(partition)
                    consumer.pause(self._list([at[partition]]))
            if left and time.monotonic() > deadline:
                raise self._unread(f"nothing came for {_SILENT_S:.0f} s")
        return {partition: Found(records[partition], first[partition]) for partition in ranges}

    def _list(self, values: Any) -> Any:
        made = self._jvm.java.util.ArrayList()
        for value in values:
            made.add(value)
        return made

    def _unread(self, cause: str) -> JobError:
        return JobError(
            f"Kafka at {self._servers} did not show the records of topic {self._topic}: {cause}",
            "check that the broker runs and that KAFKA_BOOTSTRAP_SERVERS is right",
        )


def _before(records: Any, end: int) -> int:
    """How many of a partition's records, which ascend, have an offset below `end`."""
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
