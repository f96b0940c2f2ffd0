"""The first look at every record: silver rows that are plainly valid, from one parse and few checks.

The parser reads the fields with their final types. That takes more texts than the output contract does (a
date alone, an amount as a string or with many decimals, a boolean as a text), so the raw text has to match
one pattern first: an object of scalars without a backslash, whose fields look as they should. Whatever is
not plainly valid is left to `second_look`, which is exact and dear; the checks here may be too strict, never
too lenient.

Without a backslash every name is spelled literally, so that what matches in the raw text is what the parser
reads, or a reason to look twice. The parser sees only texts that match: making a decimal of an amount such as
1e999999999 would keep it busy for ever.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, DoubleType, StringType, StructField, StructType

from medallion.event_json import BROKEN, JSON_OPTIONS, fields_as
from medallion.schema import BRONZE_COLUMNS, CHECKED_TEXTS, EVENT_FIELDS, SILVER_COLUMNS, TEXT_FIELDS

_EVENT = StructType(
    [
        *fields_as(TEXT_FIELDS, StringType()),
        StructField("amount", DecimalType(18, 2)),
        *fields_as(("lat", "lon"), DoubleType()),
        StructField(BROKEN, StringType()),
    ]
)

# What a field's value may be. Amounts of thirteen digits and two decimals, also a parser that goes through a
# double would keep; a lat or lon like this is finite; a text may be a whole number, taken as its text.
_AMOUNT = r"-?[0-9]{1,13}(?:\.[0-9]{1,2})?"
_EVENT_TS = (
    r'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"'
)
_DEGREES = r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,20})?|null)"
_TEXT = r'(?:"[^"\\]*+"|-?[0-9]++|null)'
_OTHER = r'(?:"[^"\\]*+"|-?[0-9]++(?:\.[0-9]++)?|null|true|false)'
_TEXTS = "|".join(CHECKED_TEXTS)
# The whole event as the producer writes it: all fields, in order, without spaces. Java's matcher takes half
# as long for it as for the loop below.
_USUAL = {
    **dict.fromkeys(CHECKED_TEXTS, r'"[^"\\]*+"'),
    "event_ts": _EVENT_TS,
    "amount": _AMOUNT,
    "lat": _DEGREES,
    "lon": _DEGREES,
}
_USUAL_OBJECT = ",".join(f'"{name}":{_USUAL[name]}' for name in EVENT_FIELDS)
# One field of any other, and what comes after it; most fields are texts. A name that is none of ours may
# stand before any scalar.
_MEMBER = (
    rf'"(?:(?:{_TEXTS})": ?{_TEXT}|amount": ?{_AMOUNT}|event_ts": ?{_EVENT_TS}|l(?:at|on)": ?{_DEGREES}'
    rf'|(?!(?:amount|event_ts|lat|lon|{_TEXTS})")[^"\\]*+": ?{_OTHER})(?:, ?(?=")|(?=\}}))'
)
# The whole value, possessive throughout: read once from its beginning to its end, and in a loop, where
# java.util.regex would take a stack frame for each round of one that may give back.
_PLAIN_OBJECT = rf"\A\{{(?:{_USUAL_OBJECT}|(?:{_MEMBER})++)\}}\z"


def first_look(records: DataFrame) -> DataFrame:
    """Takes BRONZE_COLUMNS; gives `is_silver`, BRONZE_COLUMNS and what else SILVER_COLUMNS has.

    Where `is_silver` is true the row is a silver row; where it is false only BRONZE_COLUMNS mean something.
    """
    return records.select(*_read_columns()).select(*_timed_columns()).select(*_judged_columns())


# Made once: hundreds of calls into the JVM, which would cost a small batch more than its records.
@lru_cache(maxsize=1)
def _read_columns() -> list[Column]:
    event = F.from_json(F.when(F.col("value").rlike(_PLAIN_OBJECT), F.col("value")), _EVENT, JSON_OPTIONS)
    return [*map(F.col, BRONZE_COLUMNS), event.alias("event")]


@lru_cache(maxsize=1)
def _timed_columns() -> list[Column]:
    return [F.col("*"), _instant("event.event_ts").alias("event_time")]


@lru_cache(maxsize=1)
def _judged_columns() -> list[Column]:
    own = ("event_time", *BRONZE_COLUMNS)
    fields = [_field(name).alias(name) for name in SILVER_COLUMNS if name not in own]
    return [F.coalesce(_is_plain_event(), F.lit(False)).alias("is_silver"), *map(F.col, own), *fields]


def _is_plain_event() -> Column:
    given = [_field(name).isNotNull() for name in ("txn_id", "card_id", "amount")]
    return reduce(and_, [_field(BROKEN).isNull(), F.col("event_time").isNotNull(), *given])


def _instant(text: str) -> Column:
    """The instant of a text that matches `_EVENT_TS`; null when it is none. The session's time zone is UTC.

    UTC's own offset is taken off here: Spark compiles two patterns for each offset that it reads.
    """
    spellings = {"Z": "Z", "+00:00": "+", "+0000": "+"}
    utc = "\n".join(
        f"when endswith({text}, '{ending}') then try_cast(substring_index({text}, '{first}', 1) as timestamp)"
        for ending, first in spellings.items()
    )
    return F.expr(f"case {utc} else try_cast({text} as timestamp) end")


def _field(name: str) -> Column:
    return F.col(f"event.{name}")
