"""ISO-8601 date-times to instants, independent of locale, session time zone and ANSI mode."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# Date, T, time with seconds, up to nine digits of fraction, offset. \z because $ also matches before a
# last newline.
_ISO = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\z"


def event_time(column: str) -> Column:
    """The instant of an ISO-8601 text column (given as an SQL name), microseconds kept, or null.

    Null for a date that is not in the calendar, for second 60, hour 24, and an offset beyond 18:00.
    Without an offset the time is UTC. `try_cast` gives null where a cast would raise in ANSI mode.
    """
    offset = f"substr({column}, -6, 1) in ('+', '-') or substr({column}, -5, 1) in ('+', '-')"
    zoned = f"endswith({column}, 'Z') or {offset}"
    instant = F.expr(f"try_cast(case when {zoned} then {column} else concat({column}, 'Z') end as timestamp)")
    return F.when(F.expr(column).rlike(_ISO), instant)
