"""Runs the job's parse over values, as records of Kafka."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional, Union

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.bronze import bronze
from medallion.exact_validation import checks_of
from medallion.parse import Parser
from medallion.pipeline import Pipeline, pipeline_of
from medallion.silver import silver_columns, staged_name, unmet

ROOT = Path(__file__).parents[2]


def load_pipeline(path: Path) -> Pipeline:
    """Reads a `pipeline.json`."""
    return pipeline_of(json.loads(path.read_text("utf-8")))


TRANSACTIONS = load_pipeline(ROOT / "pipelines" / "transactions" / "pipeline.json")
EVERYTHING = load_pipeline(ROOT / "data" / "fixtures" / "pipelines" / "everything" / "pipeline.json")

_KAFKA = (
    "key binary, value binary, timestamp timestamp, topic string, partition int, offset bigint, "
    "headers array<struct<key: string, value: binary>>"
)
_INSTANT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"
#: The time of every record.
KAFKA_TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)

Value = Union[str, bytes, None]


def records(spark: SparkSession, values: list[Any]) -> DataFrame:
    """Records of Kafka with these values, numbered by their offset."""
    rows = [(b"k", _bytes(value), KAFKA_TIME, "t", 0, offset, None) for offset, value in enumerate(values)]
    # In order: Jackson remembers names that share a hash, and counts them in later records, too.
    return spark.createDataFrame(rows, _KAFKA)


def parsed(spark: SparkSession, values: list[Any], pipeline: Pipeline) -> DataFrame:
    """The result of the parse for values."""
    return Parser(pipeline).parse(bronze(records(spark, values)))


def outcomes(spark: SparkSession, values: list[Any], pipeline: Pipeline) -> list[Row]:
    """`reason`, `detail` and, of a silver row, `event` as JSON and `unmet` (see `silver.unmet`), for
    each value.
    """
    options = {"timestampFormat": _INSTANT, "ignoreNullFields": "false"}
    event = F.when(F.col("reason").isNull(), F.to_json(F.struct(*silver(pipeline)), options)).alias("event")
    failed = F.expr(unmet(pipeline) if pipeline.expect else "''").alias("unmet")
    rows = parsed(spark, values, pipeline).select("offset", "reason", "detail", event, failed).collect()
    found = {row.offset: row for row in rows}
    assert sorted(found) == list(range(len(values)))
    assert len(rows) == len(values)
    return [found[offset] for offset in range(len(values))]


def silver(pipeline: Pipeline) -> list[Column]:
    """Silver's columns that are not the record's, from the result of the parse."""
    from_record = ("kafka_ts", "topic", "partition", "offset")
    names = [name for name in silver_columns(pipeline) if name not in from_record]
    return [F.col(sql.name(staged_name(name))).alias(name) for name in names]


def all_reasons(pipeline: Pipeline) -> tuple[str, ...]:
    """Every reason of quarantine, in the order of the checks."""
    checks = checks_of(pipeline, "true")
    return tuple(dict.fromkeys(check.reason for check in checks if check.reason))


def event_of(row: Row) -> Any:
    """The silver row of an outcome."""
    return json.loads(row.event, parse_int=str, parse_float=str)


def contract(*fields: dict[str, Any], **changes: Any) -> Pipeline:
    """A pipeline of these fields. Its event time is the record's by default."""
    document = {
        "version": 1,
        "name": "test",
        "fingerprint": "",
        "source": {"topic": "t", "partitions": 1, "key": None},
        "eventTime": {"field": "kafka_ts", "watermarkMs": 0},
        "unknownFields": "ignore",
        "fields": list(fields),
        "expectations": {"expect": [], "expectOrQuarantine": []},
        "rawCsv": {"columns": []},
        "gold": [],
    }
    return pipeline_of({**document, **changes})


def field(name: str, kind: str, required: bool = False, **more: Any) -> dict[str, Any]:
    """A field of a contract; `more` has the rest of its type, and its constraints."""
    constraints = more.pop("constraints", {})
    times = {"date": {"format": "iso8601"}, "timestamp": {"format": "iso8601", "timezone": "UTC"}}
    given = {} if "epoch" in more else times.get(kind, {})
    return {
        "name": name,
        "required": required,
        "type": {"kind": kind, **given, **more},
        "constraints": constraints,
    }


def _bytes(value: Value) -> Optional[bytes]:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
