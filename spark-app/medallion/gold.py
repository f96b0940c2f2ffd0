"""Gold: measures of silver by keys and windows of event time. Each window is emitted once, when the
watermark has passed its end.

The aggregation is Spark's own, in append mode: the watermark is the newest event time so far minus
the pipeline's delay. A batch drops rows of windows that had ended by the watermark of the batch
before, and emits those that have ended by its own.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.expressions import to_sql
from medallion.field_types import column_type
from medallion.pipeline import GoldTable, Measure

_WINDOW = f"{sql.HELPER}window"


def gold(silver: DataFrame, table: GoldTable, watermark_ms: int) -> DataFrame:
    """The windows of a gold table, with its keys, `window_start`, `window_end` and its measures."""
    window = F.window("event_time", _milliseconds(table.window_ms), _milliseconds(table.slide_ms))
    keys = [F.col(sql.name(name)) for name in table.group_by]
    measures = [_aggregate(each) for each in table.measures]
    windows = (
        silver.withWatermark("event_time", _milliseconds(watermark_ms))
        .groupBy(window.alias(_WINDOW), *keys)
        .agg(*(measures or [F.count("*").alias("rows")]))
    )
    return windows.select(
        *(F.col(sql.name(name)) for name in table.group_by),
        F.col(sql.name(_WINDOW, "start")).alias("window_start"),
        F.col(sql.name(_WINDOW, "end")).alias("window_end"),
        *(F.col(sql.name(each.name)) for each in table.measures),
    )


def _aggregate(measure: Measure) -> Column:
    argument = to_sql(measure.argument, _column) if measure.argument else "*"
    return F.expr(f"{measure.function}({argument})").cast(column_type(measure.type)).alias(measure.name)


def _column(path: str) -> str:
    return sql.name(*sql.path_names(path))


def _milliseconds(duration_ms: int) -> str:
    return f"{duration_ms} milliseconds"
