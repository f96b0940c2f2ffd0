"""Quarantine: the values that are not silver rows, each with the reason and a description of the
fault.
"""

from __future__ import annotations

from medallion.pipeline import KAFKA_TS, LINEAGE

#: The columns of quarantine, each with its name in the result of `Parser.parse`.
QUARANTINE_COLUMNS = {
    "bad_json": "value",
    "bad_ingest_ts": KAFKA_TS,
    "reason": "reason",
    "detail": "detail",
    **{name: name for name in LINEAGE},
}
