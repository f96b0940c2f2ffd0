"""The job's settings: read once from the environment, checked before Spark starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, TypeVar

from medallion.errors import EXIT_SETTINGS, JobError
from medallion.pipeline import Pipeline, pipeline_of

_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_INTERVAL = re.compile(r"([0-9]{1,9})\s*(millisecond|second|minute|hour|day)s?", re.IGNORECASE)
_INTERVALS = 'a whole number and milliseconds, seconds, minutes, hours or days, such as "30 seconds"'
_MOST_DAYS = 100_000
_UNITS_MS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
#: Gold lists silver's folder at each trigger. More often than this, it takes cores from silver.
_LEAST_GOLD_INTERVAL = "10 seconds"
#: How many records a batch has at most where nothing is set: a backlog becomes visible in parts. A batch for
#: each interval must not slow a drain down, so it grows with the interval.
_MOST_RECORDS = 2_000_000
_MOST_RECORDS_PER_S = 200_000
#: What has `pipelines` and `spark-app` in it: the checkout, or /opt in containers.
_PROJECT = Path(__file__).resolve().parents[2]
_SERVER = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9._-]+):(\d{1,5})")
_HADOOP_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://?.+")

#: Kafka's names of what a reader gets: no record of an open or aborted transaction, or all of them.
READ_COMMITTED = "read_committed"
READ_UNCOMMITTED = "read_uncommitted"

#: Who makes the files of a sink: the driver one for each batch, or the executors one for each part of it.
SINGLE = "single"
PARALLEL = "parallel"

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Every setting of the job. `starting_offsets` is `earliest`, `latest`, or the Kafka source's JSON
    for one topic. `isolation_level` is `read_committed` or `read_uncommitted`, `sink_files` is `single` or
    `parallel`. Intervals are as Spark takes them. `pipeline_json` is the text of the pipeline's file.
    """

    pipeline: Pipeline
    pipeline_json: str
    bootstrap_servers: str
    topic: str
    isolation_level: str
    output_path: str
    trigger_interval: str
    gold_trigger_interval: str
    max_offsets_per_trigger: int
    max_files_per_sink: int
    sink_files: str
    starting_offsets: str
    fail_on_data_loss: bool
    show_previews: bool
    shuffle_partitions: int


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Reads and checks all settings; an empty value counts as unset.

    Raises JobError (exit code 2) with one sentence per setting that is not allowed.
    """
    problems: list[str] = []

    def read(name: str, default: str, parse: Callable[[str], Optional[T]], allowed: str, fallback: T) -> T:
        text = environment.get(name, "").strip() or default
        value = parse(text)
        if value is None:
            problems.append(f"{name} is {json.dumps(text)}; allowed: {allowed}")
            return fallback
        return value

    def read_word(name: str, default: str, other: str) -> str:
        words = (default, other)
        return read(name, default, lambda text: text if text in words else None, " or ".join(words), "")

    pipeline, pipeline_json = _pipeline(environment.get("PIPELINE", "").strip() or "transactions")
    trigger_interval = read("TRIGGER_INTERVAL", "30 seconds", _interval, _INTERVALS, "0 seconds")
    topic = read(
        "KAFKA_TOPIC",
        pipeline.topic,
        _topic,
        "1 to 249 of a-z A-Z 0-9 . _ - (but neither . nor ..)",
        "",
    )
    settings = Settings(
        pipeline=pipeline,
        pipeline_json=pipeline_json,
        bootstrap_servers=read(
            "KAFKA_BOOTSTRAP_SERVERS", "kafka:9092", _servers, "host:port, several separated by commas", ""
        ),
        topic=topic,
        isolation_level=read_word("KAFKA_ISOLATION_LEVEL", READ_COMMITTED, READ_UNCOMMITTED),
        output_path=read(
            "OUTPUT_PATH",
            "/opt/spark-output/parquet",
            _output_path,
            "an absolute path or a Hadoop URI, not a root folder",
            "",
        ),
        trigger_interval=trigger_interval,
        gold_trigger_interval=read(
            "GOLD_TRIGGER_INTERVAL",
            max(trigger_interval, _LEAST_GOLD_INTERVAL, key=interval_ms),
            _interval,
            _INTERVALS,
            "",
        ),
        max_offsets_per_trigger=read(
            "MAX_OFFSETS_PER_TRIGGER",
            "",
            lambda text: _whole(text, 1, 1_000_000_000) if text else 0,
            "a whole number from 1 to 1000000000, or unset",
            0,
        )
        or max(_MOST_RECORDS, _MOST_RECORDS_PER_S * interval_ms(trigger_interval) // 1000),
        max_files_per_sink=read(
            "MAX_FILES_PER_SINK",
            "48",
            lambda text: _whole(text, 0, 1_000_000),
            "a whole number to 1000000, 0 keeps all files",
            0,
        ),
        sink_files=read_word("SINK_FILES", SINGLE, PARALLEL),
        starting_offsets=read(
            "STARTING_OFFSETS",
            "earliest",
            lambda text: _starting_offsets(text, topic),
            f'earliest, latest, or JSON such as {{"{topic or "topic"}":{{"0":23,"1":-2}}}} '
            "(-2 earliest, -1 latest)",
            "",
        ),
        fail_on_data_loss=read(
            "FAIL_ON_DATA_LOSS",
            "true",
            lambda text: {"true": True, "false": False}.get(text),
            "true or false",
            True,
        ),
        show_previews=read(
            "SHOW_PREVIEWS", "0", lambda text: {"1": True, "0": False}.get(text), "0 or 1", False
        ),
        shuffle_partitions=read(
            "SPARK_SQL_SHUFFLE_PARTITIONS",
            "4",
            lambda text: _whole(text, 1, 10_000),
            "a whole number from 1 to 10000",
            1,
        ),
    )
    if problems:
        raise JobError("\n".join(problems), "correct the setting in .env or the environment", EXIT_SETTINGS)
    return settings


def interval_ms(interval: str) -> int:
    """The milliseconds of an interval as Settings have it."""
    number, unit = interval.split(" ")
    return int(number) * _UNITS_MS[unit.rstrip("s")]


def _pipeline(setting: str) -> tuple[Pipeline, str]:
    """The pipeline that PIPELINE means, and the text of its file. Raises JobError when it cannot be read."""
    is_name = "/" not in setting and not setting.startswith(".")
    path = (_PROJECT / "pipelines" / setting if is_name else _PROJECT / setting) / "pipeline.json"
    try:
        text = path.read_text("utf-8")
        return pipeline_of(json.loads(text)), text
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobError(
            f"PIPELINE is {json.dumps(setting)}, and {path} cannot be read: {type(error).__name__}: {error}",
            "name a pipeline in pipelines/ or a folder with a pipeline.json; `npm run generate` writes it",
            EXIT_SETTINGS,
        ) from error


def _interval(text: str) -> Optional[str]:
    match = _INTERVAL.fullmatch(text)
    if not match or (match[2].lower() == "day" and int(match[1]) > _MOST_DAYS):
        return None
    return f"{int(match[1])} {match[2].lower()}{'' if int(match[1]) == 1 else 's'}"


def _whole(text: str, least: int, most: int) -> Optional[int]:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        return None
    return int(text) if least <= int(text) <= most else None


def _topic(text: str) -> Optional[str]:
    return text if _TOPIC.fullmatch(text) and text not in (".", "..") else None


def _servers(text: str) -> Optional[str]:
    matches = [_SERVER.fullmatch(part) for part in text.split(",")]
    return text if all(match and 0 < int(match[1]) < 65536 for match in matches) else None


def _output_path(text: str) -> Optional[str]:
    if not text.isprintable() or text != text.strip():
        return None
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*:(//[^/]*)?", "", text) if _HADOOP_URI.fullmatch(text) else text
    return text.rstrip("/") if path.startswith("/") and path.strip("/") else None


def _starting_offsets(text: str, topic: str) -> Optional[str]:
    if text in ("earliest", "latest"):
        return text
    try:
        topics = json.loads(text)
    except ValueError:
        return None
    if not isinstance(topics, dict) or set(topics) != {topic} or not isinstance(topics[topic], dict):
        return None
    offsets = topics[topic]
    valid = offsets and all(
        re.fullmatch(r"[0-9]{1,9}", partition) and type(offset) is int and -2 <= offset < 2**53
        for partition, offset in offsets.items()
    )
    return text if valid else None
