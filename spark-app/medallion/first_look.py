"""The first look at every record: silver rows that are plainly valid, from one parse and few checks.

The parser reads `event_ts` and `amount` with their final types. That takes more texts than the output
contract does (a date alone, an amount as a string or with many decimals), so the raw text of both is
checked as well. Whatever is not plainly valid is left to `second_look`, which is exact and dear; the checks
here may be too strict, never too lenient.

A value without a backslash spells every key literally, and one whose first closing brace is its last
character is one object without objects in it. With both, what the checks find in the raw text is what the
parser reads, or a reason to look twice. The parser sees only texts that pass them: making a decimal of an
amount such as 1e999999999 would keep it busy for ever.
"""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, DoubleType, StringType, StructField, StructType, TimestampType

from medallion.event_json import BROKEN, JSON_OPTIONS, fields_as
from medallion.schema import CHECKED_TEXTS, LARGEST_DOUBLE, LINEAGE, SILVER_COLUMNS

_EVENT = StructType(
    [
        *fields_as(CHECKED_TEXTS, StringType()),
        StructField("event_ts", TimestampType()),
        StructField("amount", DecimalType(18, 2)),
        *fields_as(("lat", "lon"), DoubleType()),
        StructField(BROKEN, StringType()),
    ]
)

# Thirteen digits and two decimals: also a parser that goes through a double would keep them.
_ODD_AMOUNT = r'"amount"\s*+:\s*+(?!-?[0-9]{1,13}(?:\.[0-9]{1,2})?\s*+[,}])'
_ODD_EVENT_TS = (
    r'"event_ts"\s*+:\s*+(?!"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?'
    r'(?:Z|[+-][0-9]{2}:?[0-9]{2})?")'
)


def first_look(records: DataFrame) -> DataFrame:
    """Takes value string, kafka_ts and the lineage; gives `value`, `plain` and SILVER_COLUMNS.

    Where `plain` is true the row is a silver row; where it is false its columns mean nothing.
    """
    kept = ["value", "kafka_ts", *LINEAGE]
    event = F.from_json(F.when(_is_plain_text(F.col("value")), F.col("value")), _EVENT, JSON_OPTIONS)
    read = records.select(*kept, event.alias("event"))
    fields = {name: _field(name) for name in SILVER_COLUMNS if name not in ("kafka_ts", *LINEAGE)}
    fields["event_time"] = _field("event_ts")
    columns = [fields[name].alias(name) if name in fields else F.col(name) for name in SILVER_COLUMNS]
    return read.select("value", F.coalesce(_is_plain_event(), F.lit(False)).alias("plain"), *columns)


def _is_plain_text(value: Column) -> Column:
    checks = [
        value.startswith("{"),
        F.instr(value, "}") == F.length(value),
        ~value.contains("\\"),
        ~value.contains("["),
        ~value.rlike(_ODD_AMOUNT),
        ~value.rlike(_ODD_EVENT_TS),
    ]
    return reduce(and_, checks)


def _is_plain_event() -> Column:
    given = [_field(name).isNotNull() for name in ("txn_id", "card_id", "event_ts", "amount")]
    finite = [
        F.coalesce(F.abs(_field(name)) <= F.lit(LARGEST_DOUBLE), F.lit(True)) for name in ("lat", "lon")
    ]
    texts = [~F.coalesce(_may_not_be_text(_field(name)), F.lit(False)) for name in CHECKED_TEXTS]
    return reduce(and_, [_field(BROKEN).isNull(), *given, *finite, *texts])


def _may_not_be_text(text: Column) -> Column:
    # The parser writes a boolean, a fraction or an overflowing number as text like this; below ':' are the
    # digits, the minus and the quotation mark.
    return text.isin("true", "false") | ((text < ":") & (text.contains(".") | text.startswith('"')))


def _field(name: str) -> Column:
    return F.col(f"event.{name}")
