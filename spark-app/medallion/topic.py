"""The topic as the broker knows it: its id, and the first and the next offset of each partition."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from medallion.config import Settings
from medallion.errors import EXIT_SETTINGS, JobError

_TIMEOUT_S = 30


@dataclass(frozen=True)
class Topic:
    """A topic's name, the id Kafka gave it when it was created, and offsets by partition."""

    name: str
    topic_id: str
    earliest: dict[str, int]
    latest: dict[str, int]


def describe_topic(spark: SparkSession, settings: Settings) -> Topic:
    """Asks the broker. Raises JobError (a restart may mend it) when it does not answer or has no such
    topic.
    """
    jvm: Any = spark._jvm
    properties = jvm.java.util.Properties()
    properties.setProperty("bootstrap.servers", settings.bootstrap_servers)
    properties.setProperty("default.api.timeout.ms", str(_TIMEOUT_S * 1000))
    properties.setProperty("request.timeout.ms", str(_TIMEOUT_S * 1000 // 2))
    try:
        admin = jvm.org.apache.kafka.clients.admin.AdminClient.create(properties)
    except Py4JJavaError as error:
        raise _unreachable(settings, error) from error
    try:
        return _describe(jvm, admin, settings.topic)
    except Py4JJavaError as error:
        if "UnknownTopicOrPartitionException" in str(error.java_exception.toString()):
            raise JobError(
                f"topic {settings.topic} is not on {settings.bootstrap_servers}",
                "create it, or correct KAFKA_TOPIC",
            ) from error
        raise _unreachable(settings, error) from error
    finally:
        admin.close()


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


def _describe(jvm: Any, admin: Any, name: str) -> Topic:
    seconds = jvm.java.util.concurrent.TimeUnit.SECONDS
    names = jvm.java.util.ArrayList()
    names.add(name)
    description = admin.describeTopics(names).allTopicNames().get(_TIMEOUT_S, seconds)[name]
    partitions = [info.partition() for info in description.partitions()]

    def offsets(spec: Any) -> dict[str, int]:
        asked = jvm.java.util.HashMap()
        for partition in partitions:
            asked[jvm.org.apache.kafka.common.TopicPartition(name, partition)] = spec
        found = admin.listOffsets(asked).all().get(_TIMEOUT_S, seconds)
        return {str(at.partition()): int(found[at].offset()) for at in found}

    spec = jvm.org.apache.kafka.clients.admin.OffsetSpec
    return Topic(
        name, str(description.topicId().toString()), offsets(spec.earliest()), offsets(spec.latest())
    )


def _unreachable(settings: Settings, error: Py4JJavaError) -> JobError:
    cause = error.java_exception.getCause() or error.java_exception
    return JobError(
        f"Kafka at {settings.bootstrap_servers} did not describe topic {settings.topic}: {cause.toString()}",
        "check that the broker runs and that KAFKA_BOOTSTRAP_SERVERS is right",
    )
