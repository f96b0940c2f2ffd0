"""Quarantine: the values that are no silver rows, each with the reason and in words what was wrong."""

from __future__ import annotations

from medallion.pipeline import KAFKA_TS, LINEAGE

#: The columns of quarantine, each with its name in what `Parser.parse` gives.
QUARANTINE_COLUMNS = {
    "bad_json": "value",
    "bad_ingest_ts": KAFKA_TS,
    "reason": "reason",
    "detail": "detail",
    **{name: name for name in LINEAGE},
}
