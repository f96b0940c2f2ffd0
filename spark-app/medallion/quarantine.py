"""Quarantine: the values that are no silver rows, each with the reason and in words what was wrong."""

from __future__ import annotations

from medallion.pipeline import KAFKA_TS, LINEAGE

#: The columns of quarantine, each with the name that it has among those of `staged_rows`.
QUARANTINE_COLUMNS = {
    "bad_json": "value",
    "bad_ingest_ts": KAFKA_TS,
    "reason": "reason",
    "detail": "detail",
    **{name: name for name in LINEAGE},
}
