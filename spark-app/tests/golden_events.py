"""The golden events that TypeScript's contract is tested against, too."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from medallion.schema import BRONZE_SCHEMA

_FIXTURE = Path(__file__).parents[2] / "data" / "fixtures" / "golden-events.jsonl"
EVENTS: list[dict[str, Any]] = [json.loads(line) for line in _FIXTURE.read_text("utf-8").splitlines()]


def records(spark: SparkSession, values: list[Any]) -> DataFrame:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    rows = [("k", value, now, "t", 0, offset) for offset, value in enumerate(values)]
    return spark.createDataFrame(rows, BRONZE_SCHEMA).repartition(2)


def check_silver(row: Row, event: dict[str, Any]) -> None:
    """A row with SILVER_COLUMNS, and event_time as text in `event_time_text`, has the event's values."""
    expected = dict(event["silver"])
    actual = {name: row[name] for name in expected if name not in ("amount", "event_time")}
    actual["amount"] = None if row.amount is None else f"{Decimal(row.amount):.2f}"
    actual["event_time"] = row.event_time_text
    assert actual == expected
