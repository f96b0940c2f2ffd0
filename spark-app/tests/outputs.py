"""An output folder as in the job, with offset-log entries in Spark's form."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from medallion.bronze import BRONZE_SCHEMA
from medallion.ingest import Source
from medallion.offset_log import Range
from medallion.parse import Parser
from medallion.sinks.single_file import rows_of
from medallion.topic import Found
from tests.parsing import TRANSACTIONS

BATCH_TIME_MS = 1767225600123  # 2026-01-01T00:00:00.123Z
KAFKA_TS = datetime(2026, 1, 1, tzinfo=timezone.utc)
GOOD = (
    '{"txn_id":"t","card_id":"c","event_ts":"2026-01-01T00:00:00Z","amount":1.25,"merchant":"a \\"b\\", c"}'
)


def not_asked(ranges: dict[str, Range]) -> dict[str, Found]:
    """The job only reads the topic when there are fewer rows than offsets."""
    raise AssertionError(f"the topic was asked for {ranges}")


#: A topic whose every offset is a record.
SOURCE = Source(confirm=lambda: None, lookup=not_asked)


def plan_batch(
    root: Path, query: str, batch_id: int, end_offsets: dict[str, int], time_ms: int = BATCH_TIME_MS
) -> None:
    folder = root / "_chk" / query / "offsets"
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"batchWatermarkMs": 0, "batchTimestampMs": time_ms, "conf": {}}
    (folder / str(batch_id)).write_text(f"v1\n{json.dumps(metadata)}\n{json.dumps({'t': end_offsets})}")


def batch(spark: SparkSession, values: list[Any], first_offset: int = 0) -> DataFrame:
    """Records with these values, in the form that a batch of `ingest` receives."""
    rows = [
        ("k", value, KAFKA_TS, "t", 0, first_offset + index, None, None) for index, value in enumerate(values)
    ]
    return spark.createDataFrame(rows, BRONZE_SCHEMA)


def parsed_rows(records: DataFrame, has_lines: bool) -> DataFrame:
    """The rows that `ingest` writes for records with bronze's columns."""
    return rows_of(TRANSACTIONS, _parser().parse(records), has_lines)


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(TRANSACTIONS)


def output_files(root: Path) -> list[str]:
    """Every file outside checkpoints, relative to the root."""
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted(str(path) for path in files if path.parts[0] != "_chk")
