"""Silver: the events that satisfy the contract, with their types."""

from __future__ import annotations

from typing import Callable

from medallion import field_types as types
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.pipeline import KAFKA_TS, LINEAGE, Pipeline

_TAKEN = {*BRONZE_COLUMNS, "reason", "detail"} - {KAFKA_TS, *LINEAGE}


def silver_columns(pipeline: Pipeline) -> dict[str, str]:
    """The columns of silver in order, each with its type as DDL."""
    fields = {each.name: types.column_type(each.type) for each in pipeline.silver_fields}
    own = {"event_time": "timestamp", KAFKA_TS: "timestamp"}
    return {**fields, **own, "topic": "string", "partition": "int", "offset": "bigint"}


def silver_schema(pipeline: Pipeline) -> str:
    """The schema of silver, as DDL for Spark's readers."""
    return sql.ddl(silver_columns(pipeline))


def staged_name(column: str) -> str:
    """The name of a silver column that is staged next to columns of bronze and quarantine. No field
    of an event has a hyphen.
    """
    return f"silver-{column}" if column in _TAKEN else column


def silver_column(path: str, pipeline: Pipeline, field: Callable[[str], str]) -> str:
    """SQL for a silver column, or a part of one (`customer.country`), before there is a silver row.
    `field` returns the SQL of a field of the event.
    """
    name, *inside = path.split(".")
    if name == "event_time":
        name = pipeline.event_time
    if name in (KAFKA_TS, *LINEAGE):
        return sql.name(name)
    return ".".join([field(name), *map(sql.name, inside)])
