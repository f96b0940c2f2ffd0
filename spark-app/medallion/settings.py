"""The job's settings, read once from the environment and checked before Spark starts. settings.json
has the allowed values of each; `npm run generate` writes it from the table of all settings.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from medallion.errors import EXIT_SETTINGS, JobError
from medallion.pipeline import Pipeline, pipeline_of

#: Gold lists silver's folder at each trigger. A shorter interval would take cores from silver.
_LEAST_GOLD_INTERVAL = "10 seconds"
#: The most records of a batch where nothing is set, so that a backlog becomes readable in parts.
#: There is one batch per interval, so the limit grows with the interval; otherwise it would slow a
#: drain down.
_MOST_RECORDS = 2_000_000
_MOST_RECORDS_PER_S = 200_000
#: The folder with `pipelines` and `spark-app`: the checkout, or /opt in containers.
_PROJECT = Path(__file__).resolve().parents[2]
_TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("settings.json").read_text("utf-8"))
_LIMITS: dict[str, Any] = _TABLE["limits"]
_BLANKS = " \t\r\n\f\v"
_HADOOP_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://?.+")

#: The value of SINK_FILES with which the executors write one file for each part of a batch, instead
#: of the driver one for the batch.
PARALLEL = "parallel"

#: A setting of the table: name, kind, bounds, rules, default.
Row = Dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """Every setting of the job, named after its variable. `starting_offsets` is `earliest`,
    `latest`, or the Kafka source's JSON for one topic. `isolation_level` is `read_committed` or
    `read_uncommitted`, `sink_files` is `single` or `parallel`. Intervals are in Spark's notation.
    `pipeline_json` is the text of the pipeline's file.
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
    values, problems = read_settings(environment, _TABLE["settings"])
    names = {field_of(row["name"]): str(row["name"]) for row in _TABLE["settings"]}

    def refuse(field: str, allowed: str) -> None:
        problems.append(_problem(names[field], values[field], allowed))

    if "pipeline" in values:
        values["pipeline"], values["pipeline_json"] = _pipeline(values["pipeline"])
        if values.get("topic", "") is None:
            values["topic"] = values["pipeline"].topic
    if "output_path" in values and not _is_place(values["output_path"]):
        refuse("output_path", "an absolute path or a Hadoop URI, not a root folder")
    offsets, topic = values.get("starting_offsets", "earliest"), values.get("topic")
    if topic is not None and _topic_of(offsets) not in (None, topic):
        example = json.dumps({topic: {"0": 23, "1": -2}}, separators=(",", ":"))
        refuse("starting_offsets", f"earliest, latest, or JSON such as {example} (-2 earliest, -1 latest)")
    if problems:
        raise JobError("\n".join(problems), "correct the setting in .env or the environment", EXIT_SETTINGS)

    interval = values["trigger_interval"]
    values["gold_trigger_interval"] = values["gold_trigger_interval"] or max(
        interval, _LEAST_GOLD_INTERVAL, key=interval_ms
    )
    values["max_offsets_per_trigger"] = values["max_offsets_per_trigger"] or max(
        _MOST_RECORDS, _MOST_RECORDS_PER_S * interval_ms(interval) // 1000
    )
    values["output_path"] = values["output_path"].rstrip("/")
    values["show_previews"] = values["show_previews"] == "1"
    return Settings(**values)


def read_settings(environment: Mapping[str, str], rows: list[Row]) -> tuple[dict[str, Any], list[str]]:
    """Returns the values of the settings by the fields of Settings, and a sentence for each value
    that is not allowed. A setting that is not set and has no default is None.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for row in rows:
        text = environment.get(row["name"], "").strip(_BLANKS) or row["default"]
        try:
            values[field_of(row["name"])] = None if text is None else _value(row, text)
        except _NotAllowedError as error:
            problems.append(_problem(row["name"], text, str(error)))
    return values, problems


def field_of(name: str) -> str:
    """The field of Settings for a variable, without the prefix `KAFKA_` or `SPARK_SQL_`."""
    return re.sub("^(kafka|spark_sql)_", "", name.lower())


def interval_ms(interval: str) -> int:
    """The milliseconds of an interval in the notation of Settings."""
    number, unit = interval.split(" ")
    return int(number) * int(_LIMITS["unitsMs"][unit.rstrip("s")])


class _NotAllowedError(Exception):
    """The text of a setting is not allowed; the message describes what is."""


def _problem(name: str, text: str, allowed: str) -> str:
    return f"{name} is {json.dumps(text)}; allowed: {allowed}"


def _value(row: Row, text: str) -> Any:
    for rule in row["rules"]:
        if not re.fullmatch(rule["pattern"], text):
            raise _NotAllowedError(rule["allowed"])
    value = _KINDS[row["kind"]](text, row)
    if value is None:
        raise _NotAllowedError(row["allowed"])
    return value


def _text(text: str, _row: Row) -> str:
    return text


def _integer(text: str, row: Row) -> Optional[int]:
    return int(text) if row["min"] <= int(text) <= row["max"] else None


def _number(text: str, row: Row) -> Optional[float]:
    return float(text) if row["min"] <= float(text) <= row["max"] else None


def _share(text: str, row: Row) -> Optional[float]:
    return float(text) if float(text) <= row["max"] else None


def _flag(text: str, _row: Row) -> bool:
    return text == "true"


def _duration(text: str, row: Row) -> Optional[str]:
    [(number, word)] = re.findall(row["rules"][0]["pattern"], text)
    count, unit = int(number), word.lower()
    if (unit == "day" and count > _LIMITS["maxDays"]) or count * _LIMITS["unitsMs"][unit] < row["minMs"]:
        return None
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _path(text: str, _row: Row) -> Optional[str]:
    def size(part: str) -> int:
        return len(part.encode("utf-8", "surrogateescape"))

    is_short = all(size(name) <= _LIMITS["maxNameBytes"] for name in text.split("/"))
    return text if is_short and size(text) <= _LIMITS["maxPathBytes"] else None


def _hosts(text: str, _row: Row) -> Optional[str]:
    servers = [server.strip(_BLANKS) for server in text.split(",")]
    ports = [int(server.rpartition(":")[2]) for server in servers]
    return ",".join(servers) if all(1 <= port <= _LIMITS["maxPort"] for port in ports) else None


def _offsets(text: str, _row: Row) -> Optional[str]:
    if text in ("earliest", "latest"):
        return text
    try:
        topics = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(topics, dict) or len(topics) != 1:
        return None
    [(topic, offsets)] = topics.items()
    if not isinstance(offsets, dict) or not offsets or not all(map(_is_offset, *zip(*offsets.items()))):
        return None
    in_order = sorted(offsets.items(), key=lambda item: (int(item[0]), len(item[0])))
    normal = {topic: {partition: int(offset) for partition, offset in in_order}}
    return json.dumps(normal, separators=(",", ":"), ensure_ascii=False)


def _is_offset(partition: str, offset: Any) -> bool:
    """JSON has one kind of number: 1e3 and 2.0 are whole numbers."""
    is_whole = type(offset) is int or (
        type(offset) is float and math.isfinite(offset) and offset.is_integer()
    )
    return is_whole and -2 <= offset < 2**53 and re.fullmatch("[0-9]{1,9}", partition) is not None


#: The conversion of each kind, after the rules of the setting. None means not allowed.
_KINDS: Mapping[str, Callable[[str, Row], Any]] = {
    "integer": _integer,
    "number": _number,
    "share": _share,
    "flag": _flag,
    "choice": _text,
    "duration": _duration,
    "topic": _text,
    "path": _path,
    "hosts": _hosts,
    "jvm-options": _text,
    "offsets": _offsets,
    "text": _text,
}


def _topic_of(offsets: str) -> Optional[str]:
    """The topic in the JSON of STARTING_OFFSETS; None for `earliest` and `latest`."""
    return next(iter(json.loads(offsets))) if offsets.startswith("{") else None


def _is_place(path: str) -> bool:
    """Whether the path is absolute and below a root. A relative one would be resolved against the
    job's own folder.
    """
    inside = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*:(//[^/]*)?", "", path) if _HADOOP_URI.fullmatch(path) else path
    return inside.startswith("/") and inside.strip("/") != ""


def _pipeline(setting: str) -> tuple[Pipeline, str]:
    """The pipeline that PIPELINE means, and the text of its file. Raises JobError when it cannot be
    read.
    """
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
