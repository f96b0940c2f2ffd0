"""Silver: the events that satisfy the contract, with their types."""

from __future__ import annotations

from typing import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion import field_types as types
from medallion import sql_text as sql
from medallion.pipeline import KAFKA_TS, LINEAGE, Pipeline


def silver_columns(pipeline: Pipeline) -> dict[str, str]:
    """The columns of silver in order, each with its type as DDL."""
    fields = {each.name: types.column_type(each.type) for each in pipeline.silver_fields}
    own = {"event_time": "timestamp", KAFKA_TS: "timestamp"}
    return {**fields, **own, "topic": "string", "partition": "int", "offset": "bigint"}


def silver_schema(pipeline: Pipeline) -> str:
    """Silver as Spark's readers take it."""
    return ", ".join(f"`{name}` {data_type}" for name, data_type in silver_columns(pipeline).items())


def silver(pipeline: Pipeline) -> list[Column]:
    """The columns of silver, of the records that `Parser.parse` gives no reason."""
    from_record = (KAFKA_TS, *LINEAGE)
    return [
        F.col(name) if name in from_record else F.col("event").getField(name).alias(name)
        for name in silver_columns(pipeline)
    ]


def silver_column(path: str, pipeline: Pipeline, field: Callable[[str], str]) -> str:
    """SQL for a silver column, or a part of one (`customer.country`), before there is a silver row. `field`
    gives that of a field of the event.
    """
    name, *inside = path.split(".")
    if name == "event_time":
        name = pipeline.event_time
    if name in (KAFKA_TS, *LINEAGE):
        return sql.name(name)
    return ".".join([field(name), *map(sql.name, inside)])
