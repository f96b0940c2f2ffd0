"""A silver row as a line of CSV by RFC 4180, in one expression: cheaper than Spark's CSV writer, which takes
each row apart again.

A text is quoted when it needs to be, with quotation marks doubled. Null is nothing, an empty text is "".
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion.schema import CHECKED_TEXTS, RAW_CSV_COLUMNS

#: Instants in UTC, always with six decimals.
_INSTANT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"


@lru_cache(maxsize=1)
def csv_line() -> Column:
    """RAW_CSV_COLUMNS as one line, without its end."""
    return F.concat_ws(",", *[_field(name) for name in RAW_CSV_COLUMNS])


def _field(name: str) -> Column:
    if name in CHECKED_TEXTS:
        return F.coalesce(_quoted_if_needed(F.col(name)), F.lit(""))
    if name == "event_time":
        return F.date_format(name, _INSTANT)
    return F.coalesce(F.col(name).cast("string"), F.lit(""))


def _quoted_if_needed(text: Column) -> Column:
    needed = reduce(or_, [text == "", *[text.contains(special) for special in (",", '"', "\n", "\r")]])
    quoted = F.concat(F.lit('"'), F.replace(text, F.lit('"'), F.lit('""')), F.lit('"'))
    return F.when(needed, quoted).otherwise(text)
