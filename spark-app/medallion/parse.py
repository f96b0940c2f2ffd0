"""Kafka records to silver rows or reasons for quarantine: one pass, built-in columns only."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType, MapType, StringType

from medallion.amount import EXACT_AMOUNT_FIELD, exact_amount, is_plain, near_decimals, plain_amount
from medallion.event_json import (
    ends_with_first_brace,
    event_of,
    fields_as,
    is_clean,
    is_closed,
    is_one_element,
    is_strict_json,
    parsed_event,
    read_again,
)
from medallion.event_time import event_time
from medallion.schema import LINEAGE, NUMBER_FIELDS, SILVER_COLUMNS, TEXT_FIELDS

#: Every reason of quarantine; a record gets the first that applies, in this order.
REASONS = (
    "null_value",
    "not_json_object",
    "missing_txn_id",
    "missing_card_id",
    "missing_event_ts",
    "bad_event_ts",
    "missing_amount",
    "bad_amount",
    "wrong_type",
)

# An event_ts of another type is no ISO text, so it has its reason already.
_CHECKED_TEXTS = tuple(name for name in TEXT_FIELDS if name != "event_ts")
_LARGEST_DOUBLE = 1.7976931348623157e308


def classify(records: DataFrame) -> DataFrame:
    """Adds to each record its typed fields and `reason`, which is null for a silver row.

    Takes value string, kafka_ts and the lineage; gives `value`, `reason` and SILVER_COLUMNS.
    """
    kept = ["value", "kafka_ts", *LINEAGE]
    read = records.select(*kept, parsed_event(F.col("value")).alias("parsed"))
    opened = read.select(
        *kept,
        event_of(F.col("parsed")).alias("event"),
        is_closed(F.col("parsed")).alias("closed"),
        is_clean(F.col("parsed")).alias("clean"),
    )
    timed = opened.select(
        *kept,
        "event",
        "closed",
        "clean",
        event_time("event.event_ts").alias("event_time"),
        _is_sure().alias("sure"),
    )
    again = timed.select(
        *kept, "event", "closed", "clean", "event_time", "sure", _second_look().alias("again")
    )
    amount = F.when(F.col("sure"), plain_amount("event.amount")).otherwise(
        exact_amount("event.amount", "again.numbers.amount", F.col("value"))
    )
    judged = again.select(*kept, "event", "closed", "event_time", "sure", "again", amount.alias("amount"))
    own = {"amount", "event_time", "kafka_ts", *LINEAGE}
    columns = [F.col(name) if name in own else F.col(f"event.{name}").alias(name) for name in SILVER_COLUMNS]
    return judged.select("value", _reason().alias("reason"), *columns)


def _is_sure() -> Column:
    """Whether the first look decides: nothing went wrong, the amount is plain, no text may stem from
    another type.
    """
    finite = [
        F.coalesce(F.abs(F.col(f"event.{name}")) <= F.lit(_LARGEST_DOUBLE), F.lit(True))
        for name in ("lat", "lon")
    ]
    doubtful = reduce(or_, [_may_not_be_text(F.col(f"event.{name}")) for name in _CHECKED_TEXTS])
    plain = F.coalesce(is_plain(F.col("event.amount"), F.col("value")), F.lit(False))
    alone = F.coalesce(ends_with_first_brace(F.col("value")), F.lit(False))
    return F.col("clean") & alone & plain & finite[0] & finite[1] & ~doubtful


def _may_not_be_text(text: Column) -> Column:
    # Spark writes an array, an object, an overflowing number, a boolean or a fraction as text with these
    # beginnings.
    other = text.startswith("{") | text.startswith("[") | text.startswith('"') | text.isin("true", "false")
    fraction = text.contains(".") & (text >= "-") & (text < ":")
    return F.coalesce(other | fraction, F.lit(False))


def _second_look() -> Column:
    """For the few rows that are not sure: which JSON type each field had. Null for all others."""
    value = F.col("value")
    look = F.struct(
        (is_strict_json(value) & is_one_element(value)).alias("strict"),
        read_again(value, fields_as(NUMBER_FIELDS, StringType())).alias("given"),
        read_again(
            near_decimals(value), [*fields_as(_CHECKED_TEXTS, DoubleType()), EXACT_AMOUNT_FIELD]
        ).alias("numbers"),
        read_again(value, fields_as(_CHECKED_TEXTS, BooleanType())).alias("booleans"),
        read_again(value, fields_as(_CHECKED_TEXTS, ArrayType(StringType()))).alias("arrays"),
        read_again(value, fields_as(_CHECKED_TEXTS, MapType(StringType(), StringType()))).alias("objects"),
    )
    return F.when(F.col("closed") & F.col("event").isNotNull() & ~F.col("sure"), look)


def _reason() -> Column:
    one_object = F.col("closed") & F.col("event").isNotNull() & F.coalesce(F.col("again.strict"), F.lit(True))
    amount_given = F.col("sure") | F.col("again.given.amount").isNotNull()
    return (
        F.when(F.col("value").isNull(), "null_value")
        .when(~one_object, "not_json_object")
        .when(F.col("event.txn_id").isNull(), "missing_txn_id")
        .when(F.col("event.card_id").isNull(), "missing_card_id")
        .when(F.col("event.event_ts").isNull(), "missing_event_ts")
        .when(F.col("event_time").isNull(), "bad_event_ts")
        .when(~amount_given, "missing_amount")
        .when(F.col("amount").isNull(), "bad_amount")
        .when(~F.col("sure") & _has_wrong_type(), "wrong_type")
    )


def _has_wrong_type() -> Column:
    wrong = [
        F.col(f"again.given.{name}").isNotNull()
        & ~F.coalesce(F.abs(F.col(f"event.{name}")) <= F.lit(_LARGEST_DOUBLE), F.lit(False))
        for name in ("lat", "lon")
    ]
    for name in _CHECKED_TEXTS:
        fraction = F.col(f"again.numbers.{name}").isNotNull() & F.col(f"event.{name}").rlike("[^0-9-]")
        others = [F.col(f"again.{kind}.{name}").isNotNull() for kind in ("booleans", "arrays", "objects")]
        wrong.append(reduce(or_, others, F.coalesce(fraction, F.lit(False))))
    return reduce(or_, wrong)
