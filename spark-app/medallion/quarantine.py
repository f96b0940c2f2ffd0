"""Quarantine: the values that are no silver rows, each with the reason and in words what was wrong."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion.pipeline import KAFKA_TS, LINEAGE

QUARANTINE_COLUMNS = ("bad_json", "bad_ingest_ts", "reason", "detail", *LINEAGE)


def quarantine() -> list[Column]:
    """The columns of quarantine, of the records that `Parser.parse` gives a reason."""
    renamed = {"bad_json": "value", "bad_ingest_ts": KAFKA_TS}
    return [F.col(renamed.get(name, name)).alias(name) for name in QUARANTINE_COLUMNS]
