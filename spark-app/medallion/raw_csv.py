"""raw_csv: silver rows as lines of CSV (RFC 4180).

A text is quoted only where necessary, with quotation marks doubled. Null is an empty field, an
empty text is "". One expression makes the line, which is cheaper than Spark's CSV writer: that one
takes each row apart again.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion import sql_text as sql
from medallion.pipeline import Pipeline
from medallion.silver import silver_columns, staged_name

#: Instants in UTC, always with six decimals.
_INSTANT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"
#: Characters that a text may have only within quotation marks.
_SPECIAL = ',"\n\r'


def raw_csv(pipeline: Pipeline, few_rows: bool = False) -> Column:
    """The line of a silver row with columns by `staged_name`. With `few_rows` it takes less time to
    plan.
    """
    return _line(pipeline.raw_csv_columns, tuple(silver_columns(pipeline).items()), few_rows)


def header(pipeline: Pipeline) -> str:
    """The first line of a file: the names of the columns, without a line end."""
    return ",".join(map(_quoted_name, pipeline.raw_csv_columns))


def _quoted_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"' if any(each in name for each in _SPECIAL) else name


# Cached, since it takes dozens of calls into the JVM, which would cost a small batch more than its
# records.
@lru_cache(maxsize=2)
def _line(names: tuple[str, ...], columns: tuple[tuple[str, str], ...], few_rows: bool) -> Column:
    types = dict(columns)
    fields = [(F.col(sql.name(staged_name(name))), types[name]) for name in names]
    return F.concat_ws(",", *[_field(*field, few_rows) for field in fields])


def _field(column: Column, data_type: str, few_rows: bool) -> Column:
    if data_type == "timestamp":
        text = F.date_format(column, _INSTANT)
    elif data_type == "string":
        text = _quoted_if_needed(column, few_rows)
    elif data_type.startswith(("struct<", "array<")):
        json = F.to_json(column, {"timestampFormat": _INSTANT, "ignoreNullFields": "false"})
        text = _quoted_if_needed(json, few_rows)
    else:
        text = column.cast("string")
    return F.coalesce(text, F.lit(""))


def _quoted_if_needed(text: Column, few_rows: bool) -> Column:
    # Four searches take half as long as the pattern, and four times as much planning.
    has_special = text.rlike(f"[{_SPECIAL}]") if few_rows else reduce(or_, map(text.contains, _SPECIAL))
    quoted = F.concat(F.lit('"'), F.replace(text, F.lit('"'), F.lit('""')), F.lit('"'))
    return F.when((text == "") | has_special, quoted).otherwise(text)
