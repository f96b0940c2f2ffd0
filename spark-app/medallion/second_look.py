"""The second look: the exact judgement of every record that `first_look` left open.

Each JSON field is read in several types, which tells the type it really had. That costs seven parses a
record and is meant for few.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType, MapType, StringType, StructField

from medallion.amount import EXACT_AMOUNT_FIELD, exact_amount, near_decimals
from medallion.event_json import (
    event_of,
    fields_as,
    has_wrong_number,
    is_closed,
    is_never_but,
    is_one_value,
    is_strict_json,
    parsed_event,
    read_again,
)
from medallion.event_time import event_time
from medallion.schema import CHECKED_TEXTS, LARGEST_DOUBLE, LINEAGE, SILVER_COLUMNS

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


def second_look(records: DataFrame) -> DataFrame:
    """Adds to each record its typed fields and `reason`, which is null for a silver row.

    Takes value string, kafka_ts and the lineage; gives `value`, `reason` and SILVER_COLUMNS.
    """
    for columns in _steps():
        records = records.select(*columns)
    return records


# Made once: hundreds of calls into the JVM, which would cost a small batch more than its records.
@lru_cache(maxsize=1)
def _steps() -> list[list[Column]]:
    kept = [F.col(name) for name in ("value", "kafka_ts", *LINEAGE)]
    seen = [F.col(name) for name in ("event", "closed", "wrong_number")]
    own = {"amount", "event_time", "kafka_ts", *LINEAGE}
    parsed = F.col("parsed")
    amount = exact_amount("event.amount", "numbers.amount", F.col("value"))
    return [
        [*kept, parsed_event(F.col("value")).alias("parsed")],
        [
            *kept,
            event_of(parsed).alias("event"),
            is_closed(parsed).alias("closed"),
            has_wrong_number(parsed).alias("wrong_number"),
        ],
        [*kept, *seen, event_time("event.event_ts").alias("event_time"), _types().alias("types")],
        [*kept, *seen, F.col("event_time"), F.col("types"), _numbers().alias("numbers")],
        [*kept, *seen, F.col("event_time"), F.col("types"), F.col("numbers"), amount.alias("amount")],
        [
            F.col("value"),
            _reason().alias("reason"),
            *[F.col(name) if name in own else F.col(f"event.{name}").alias(name) for name in SILVER_COLUMNS],
        ],
    ]


def _types() -> Column:
    """Which JSON type each field had. Null when the value was no object."""
    value = F.col("value")
    look = F.struct(
        (is_strict_json(value) & is_one_value(value)).alias("strict"),
        is_never_but(value, StructField("amount", DoubleType())).alias("amount_is_number"),
        read_again(value, fields_as(CHECKED_TEXTS, BooleanType())).alias("booleans"),
        read_again(value, fields_as(CHECKED_TEXTS, ArrayType(StringType()))).alias("arrays"),
        read_again(value, fields_as(CHECKED_TEXTS, MapType(StringType(), StringType()))).alias("objects"),
    )
    return F.when(F.col("closed") & F.col("event").isNotNull(), look)


def _numbers() -> Column:
    """The text fields as double, and the exact amount. Null when the amount was no number (or null).

    A decimal is also read from a text, where an escape can hide an exponent from `near_decimals`: making a
    decimal of "1\\u0065999999999" would keep the parser busy for ever.
    """
    fields = [*fields_as(CHECKED_TEXTS, DoubleType()), EXACT_AMOUNT_FIELD]
    return F.when(F.col("types.amount_is_number"), read_again(near_decimals(F.col("value")), fields))


def _reason() -> Column:
    return (
        F.when(F.col("value").isNull(), "null_value")
        .when(~F.coalesce(F.col("types.strict"), F.lit(False)), "not_json_object")
        .when(F.col("event.txn_id").isNull(), "missing_txn_id")
        .when(F.col("event.card_id").isNull(), "missing_card_id")
        .when(F.col("event.event_ts").isNull(), "missing_event_ts")
        .when(F.col("event_time").isNull(), "bad_event_ts")
        .when(~F.col("types.amount_is_number"), "bad_amount")
        .when(F.col("event.amount").isNull(), "missing_amount")
        .when(F.col("amount").isNull(), "bad_amount")
        .when(_has_wrong_type(), "wrong_type")
    )


def _has_wrong_type() -> Column:
    # Whoever gets here has a right amount: a wrong number is lat or lon.
    wrong = [F.col("wrong_number")]
    wrong += [F.abs(F.col(f"event.{name}")) > F.lit(LARGEST_DOUBLE) for name in ("lat", "lon")]
    wrong += [_was_no_text(name) for name in CHECKED_TEXTS]
    return reduce(or_, [F.coalesce(column, F.lit(False)) for column in wrong])


def _was_no_text(name: str) -> Column:
    """Whether the last value of a text field was of another type.

    The parser keeps the last value of each type, and the last of all as text: that is of another type when it
    spells what that type holds. (A text that spells a value of another type before it is taken for it.)
    """
    text = F.col(f"event.{name}")
    number, boolean = F.col(f"numbers.{name}"), F.col(f"types.booleans.{name}")
    spells_number = (text == number.cast("string")) | (
        (F.abs(number) > F.lit(LARGEST_DOUBLE)) & text.contains("Infinity")
    )
    others = [
        number.isNotNull() & spells_number,
        boolean.isNotNull() & (text == boolean.cast("string")),
        F.col(f"types.arrays.{name}").isNotNull() & text.startswith("["),
        F.col(f"types.objects.{name}").isNotNull() & text.startswith("{"),
    ]
    return reduce(or_, others)
