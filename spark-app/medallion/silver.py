"""Silver: the events that satisfy the contract, with their types."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Callable

from medallion import field_types as types
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.expressions import holds
from medallion.pipeline import KAFKA_TS, LINEAGE, Pipeline

#: Whether a staged row is of silver, rather than of quarantine.
IS_SILVER = "is_silver"
_TAKEN = {*BRONZE_COLUMNS, "reason", "detail", IS_SILVER} - {KAFKA_TS, *LINEAGE}


def silver_columns(pipeline: Pipeline) -> dict[str, str]:
    """The columns of silver in order, each with its type as DDL."""
    fields = {each.name: types.column_type(each.type) for each in pipeline.silver_fields}
    own = {"event_time": "timestamp", KAFKA_TS: "timestamp"}
    return {**fields, **own, "topic": "string", "partition": "int", "offset": "bigint"}


def silver_schema(pipeline: Pipeline) -> str:
    """The schema of silver, as DDL for Spark's readers."""
    return sql.ddl(silver_columns(pipeline))


def staged_name(column: str) -> str:
    """The name of a silver column that is staged next to columns of bronze and quarantine."""
    return f"{sql.HELPER}{column}" if _folded(column) in _TAKEN else column


def _folded(name: str) -> str:
    """The name in the form in which Spark compares names: each character in upper and then in lower
    case, as String.equalsIgnoreCase does.
    """
    return "".join(character.upper()[:1].lower()[:1] for character in name)


def unmet(pipeline: Pipeline) -> str:
    """SQL for the numbers of the expectations (`expect`, from 0) that are false for a silver row with
    columns by `staged_name`, such as `0,2`; empty when none is.
    """

    def column(path: str) -> str:
        name, *inside = sql.path_names(path)
        return sql.name(staged_name(name), *inside)

    numbers = [
        f"if({holds(each.expression, column)}, null, '{at}')" for at, each in enumerate(pipeline.expect)
    ]
    return f"concat_ws(',', {', '.join(numbers)})"


def count_unmet(pipeline: Pipeline, rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The number of silver rows for which each expectation is false, from results of `unmet` with
    the number of rows that have each.
    """
    counts = [0] * len(pipeline.expect)
    for numbers, count in rows:
        for number in filter(None, numbers.split(",")):
            counts[int(number)] += count
    return {each.name: count for each, count in zip(pipeline.expect, counts)}


def silver_column(name: str, pipeline: Pipeline, field: Callable[[str], str]) -> str:
    """SQL for a silver column before there is a silver row. `field` returns the SQL of a field of
    the event.
    """
    if name == "event_time":
        name = pipeline.event_time
    return sql.name(name) if name in (KAFKA_TS, *LINEAGE) else field(name)


def silver_value(path: str, pipeline: Pipeline, field: Callable[[str], str]) -> str:
    """Like `silver_column`, for the path of an expression, such as `customer.country`."""
    name, *inside = sql.path_names(path)
    return reduce(sql.member, inside, silver_column(name, pipeline, field))
