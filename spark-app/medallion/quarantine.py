"""Quarantine: the values that are no silver rows, each with the reason and in words what was wrong."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.pipeline import KAFKA_TS, LINEAGE

QUARANTINE_COLUMNS = ("bad_json", "bad_ingest_ts", "reason", "detail", *LINEAGE)


def quarantine(parsed: DataFrame) -> DataFrame:
    """The quarantined rows of what `Parser.parse` gives."""
    return parsed.where(F.col("reason").isNotNull()).select(
        F.col("value").alias("bad_json"),
        F.col(KAFKA_TS).alias("bad_ingest_ts"),
        "reason",
        "detail",
        *LINEAGE,
    )
