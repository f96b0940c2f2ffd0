"""raw_csv: silver rows as lines of CSV by RFC 4180.

A text is quoted when it needs to be, with quotation marks doubled. Null is nothing, an empty text is "". One
expression makes the line: cheaper than Spark's CSV writer, which takes each row apart again.
"""

from __future__ import annotations

from functools import lru_cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.pipeline import Pipeline
from medallion.silver import silver_columns, staged_name

#: Instants in UTC, always with six decimals.
_INSTANT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"


def raw_csv(pipeline: Pipeline) -> Column:
    """A silver row, whose columns are named by `staged_name`, as a line without its end."""
    return _line(pipeline.raw_csv_columns, tuple(silver_columns(pipeline).items()))


# Made once: dozens of calls into the JVM, which would cost a small batch more than its records.
@lru_cache(maxsize=1)
def _line(names: tuple[str, ...], columns: tuple[tuple[str, str], ...]) -> Column:
    types = dict(columns)
    return F.concat_ws(",", *[_field(F.col(sql.name(staged_name(name))), types[name]) for name in names])


def _field(column: Column, data_type: str) -> Column:
    if data_type == "timestamp":
        text = F.date_format(column, _INSTANT)
    elif data_type == "string":
        text = _quoted_if_needed(column)
    elif data_type.startswith(("struct<", "array<")):
        text = _quoted_if_needed(
            F.to_json(column, {"timestampFormat": _INSTANT, "ignoreNullFields": "false"})
        )
    else:
        text = column.cast("string")
    return F.coalesce(text, F.lit(""))


def _quoted_if_needed(text: Column) -> Column:
    needed = (text == "") | text.rlike('[,"\n\r]')
    quoted = F.concat(F.lit('"'), F.replace(text, F.lit('"'), F.lit('""')), F.lit('"'))
    return F.when(needed, quoted).otherwise(text)
