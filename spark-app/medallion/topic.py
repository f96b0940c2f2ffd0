"""The topic as the broker knows it: its id, and the first and the next offset of each partition."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from medallion.errors import EXIT_SETTINGS, JobError
from medallion.settings import Settings

_TIMEOUT_S = 30

T = TypeVar("T")


@dataclass(frozen=True)
class Topic:
    """A topic's name, the id Kafka gave it when it was created, and offsets by partition.

    `latest` is where the records end that the isolation level lets a reader see: with `read_committed` the
    first record of the oldest open transaction, if there is one. `log_end` is where the log ends.
    """

    name: str
    topic_id: str
    earliest: dict[str, int]
    latest: dict[str, int]
    log_end: dict[str, int]


class TopicAdmin:
    """Asks the broker about the topic, over one connection. Errors are JobErrors, which a restart may mend:
    the broker does not answer, or has no such topic.
    """

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        java: Any = spark
        self._jvm = java._jvm
        self._settings = settings
        properties = self._jvm.java.util.Properties()
        properties.setProperty("bootstrap.servers", settings.bootstrap_servers)
        properties.setProperty("default.api.timeout.ms", str(_TIMEOUT_S * 1000))
        properties.setProperty("request.timeout.ms", str(_TIMEOUT_S * 1000 // 2))
        try:
            self._admin = self._jvm.org.apache.kafka.clients.admin.AdminClient.create(properties)
        except Py4JJavaError as error:
            raise _unreachable(settings, error) from error

    def topic_id(self) -> str:
        """The id that Kafka gave the topic when it was created. It never comes back."""
        return str(self._answer(lambda: self._description().topicId().toString()))

    def describe(self) -> Topic:
        """Id and offsets."""
        return self._answer(self._describe)

    def _answer(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Py4JJavaError as error:
            if "UnknownTopicOrPartitionException" in str(error.java_exception.toString()):
                raise JobError(
                    f"topic {self._settings.topic} is not on {self._settings.bootstrap_servers}",
                    "correct KAFKA_TOPIC, or create it (`npm run up` does); a topic that was deleted under "
                    "its outputs needs `npm run reset`",
                ) from error
            raise _unreachable(self._settings, error) from error

    def _description(self) -> Any:
        names = self._jvm.java.util.ArrayList()
        names.add(self._settings.topic)
        described = self._admin.describeTopics(names).allTopicNames().get(_TIMEOUT_S, self._seconds())
        return described[self._settings.topic]

    def _describe(self) -> Topic:
        name, description = self._settings.topic, self._description()
        partitions = [info.partition() for info in description.partitions()]

        kafka = self._jvm.org.apache.kafka
        levels = kafka.common.IsolationLevel
        every = levels.READ_UNCOMMITTED
        readable = levels.valueOf(self._settings.isolation_level.upper())

        def offsets(spec: Any, level: Any) -> dict[str, int]:
            asked = self._jvm.java.util.HashMap()
            for partition in partitions:
                asked[kafka.common.TopicPartition(name, partition)] = spec
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


def resolve_starting_offsets(setting: str, topic: Topic) -> dict[str, int]:
    """STARTING_OFFSETS as one offset per partition, fixed once, so that a restart begins at the same record.

    Raises JobError (exit code 2) when its JSON does not name exactly the topic's partitions, as the Kafka
    source wants.
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


def _unreachable(settings: Settings, error: Py4JJavaError) -> JobError:
    cause = error.java_exception.getCause() or error.java_exception
    return JobError(
        f"Kafka at {settings.bootstrap_servers} did not describe topic {settings.topic}: {cause.toString()}",
        "check that the broker runs and that KAFKA_BOOTSTRAP_SERVERS is right",
    )
