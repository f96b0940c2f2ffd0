"""The second look: the exact judgement of every record that `first_look` left open.

Each JSON field is read in several types, which tells the type it really had. That costs seven parses a
record and is meant for few.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DoubleType, MapType, StringType

from medallion.amount import EXACT_AMOUNT_FIELD, exact_amount, near_decimals
from medallion.event_json import (
    event_of,
    fields_as,
    is_closed,
    is_one_element,
    is_strict_json,
    parsed_event,
    read_again,
)
from medallion.event_time import event_time
from medallion.schema import CHECKED_TEXTS, LARGEST_DOUBLE, LINEAGE, NUMBER_FIELDS, SILVER_COLUMNS

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
    kept = ["value", "kafka_ts", *LINEAGE]
    read = records.select(*kept, parsed_event(F.col("value")).alias("parsed"))
    opened = read.select(
        *kept, event_of(F.col("parsed")).alias("event"), is_closed(F.col("parsed")).alias("closed")
    )
    typed = opened.select(
        *kept, "event", "closed", event_time("event.event_ts").alias("event_time"), _types().alias("types")
    )
    amount = exact_amount("event.amount", "types.numbers.amount", F.col("value"))
    judged = typed.select(*kept, "event", "closed", "event_time", "types", amount.alias("amount"))
    own = {"amount", "event_time", "kafka_ts", *LINEAGE}
    columns = [F.col(name) if name in own else F.col(f"event.{name}").alias(name) for name in SILVER_COLUMNS]
    return judged.select("value", _reason().alias("reason"), *columns)


def _types() -> Column:
    """Which JSON type each field had. Null when the value was no object."""
    value = F.col("value")
    look = F.struct(
        (is_strict_json(value) & is_one_element(value)).alias("strict"),
        read_again(value, fields_as(NUMBER_FIELDS, StringType())).alias("given"),
        read_again(near_decimals(value), [*fields_as(CHECKED_TEXTS, DoubleType()), EXACT_AMOUNT_FIELD]).alias(
            "numbers"
        ),
        read_again(value, fields_as(CHECKED_TEXTS, BooleanType())).alias("booleans"),
        read_again(value, fields_as(CHECKED_TEXTS, ArrayType(StringType()))).alias("arrays"),
        read_again(value, fields_as(CHECKED_TEXTS, MapType(StringType(), StringType()))).alias("objects"),
    )
    return F.when(F.col("closed") & F.col("event").isNotNull(), look)


def _reason() -> Column:
    return (
        F.when(F.col("value").isNull(), "null_value")
        .when(~F.coalesce(F.col("types.strict"), F.lit(False)), "not_json_object")
        .when(F.col("event.txn_id").isNull(), "missing_txn_id")
        .when(F.col("event.card_id").isNull(), "missing_card_id")
        .when(F.col("event.event_ts").isNull(), "missing_event_ts")
        .when(F.col("event_time").isNull(), "bad_event_ts")
        .when(F.col("types.given.amount").isNull(), "missing_amount")
        .when(F.col("amount").isNull(), "bad_amount")
        .when(_has_wrong_type(), "wrong_type")
    )


def _has_wrong_type() -> Column:
    wrong = [
        F.col(f"types.given.{name}").isNotNull()
        & ~F.coalesce(F.abs(F.col(f"event.{name}")) <= F.lit(LARGEST_DOUBLE), F.lit(False))
        for name in ("lat", "lon")
    ]
    for name in CHECKED_TEXTS:
        fraction = F.col(f"types.numbers.{name}").isNotNull() & F.col(f"event.{name}").rlike("[^0-9-]")
        others = [F.col(f"types.{kind}.{name}").isNotNull() for kind in ("booleans", "arrays", "objects")]
        wrong.append(reduce(or_, others, F.coalesce(fraction, F.lit(False))))
    return reduce(or_, wrong)
