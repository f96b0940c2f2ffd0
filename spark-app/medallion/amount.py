"""Amounts: JSON numbers with at most two decimals, kept exactly as decimal(18,2).

A double tells two decimals from three for as long as its text had at most 15 significant digits: then it
is the nearest double to `cents / 100` exactly when the text was a whole number of cents. Everything else
(long digit strings, zero, which may be an underflow, and 10^13 or more) goes through a decimal with 22
decimals.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, StructField

from medallion.schema import AMOUNT_TYPE

#: The amount as `read_again` needs it for `exact_amount`: 16 digits before the point, 22 after it.
EXACT_AMOUNT_FIELD = StructField("amount", DecimalType(38, 22))

_LONG_NUMBER = r"[0-9.]{16}"
# Digits after the 21st decimal only matter by being non-zero: one 1 stands for them all.
_FAR_DECIMALS = r"(\.[0-9]{21})[0-9]*[1-9][0-9]*"
# What those 22 decimals could still hide: an exponent after 20 digits or more, and an underflow such as
# 1e-400.
_HIDDEN_DECIMALS = r'"amount"\s*:\s*-?(?:[0-9.]{20,}[eE]|[0-9.]*[1-9][0-9.]*[eE]-0*[1-9][0-9]{2})'


def is_plain(amount: Column, value: Column) -> Column:
    """Whether the double `amount` of this value says exactly what its text said (`value` is the whole
    JSON text).
    """
    magnitude = F.abs(amount)
    return (magnitude < F.lit(1e13)) & (magnitude > F.lit(0.0)) & ~value.rlike(_LONG_NUMBER)


def plain_amount(amount: str) -> Column:
    """The double column (an SQL name) as decimal(18,2) when it is a whole number of cents, else null."""
    double = F.expr(amount)
    cents = F.rint(double * F.lit(100.0))
    return F.when(cents / F.lit(100.0) == double, F.expr(f"try_cast({amount} as {AMOUNT_TYPE})"))


def near_decimals(value: Column) -> Column:
    """The JSON text with far decimals shortened, so that none of them is lost in 22 decimals."""
    return F.regexp_replace(value, _FAR_DECIMALS, "$11")


def exact_amount(double: str, exact: str, value: Column) -> Column:
    """The decimal column `exact` (read from `near_decimals`) as decimal(18,2), or null when it is no amount.

    `double` is null when the JSON held no number (a decimal would also be read from a JSON string).
    """
    fits = F.expr(f"{exact} = try_cast({exact} as {AMOUNT_TYPE}) and ({exact} = 0) = ({double} = 0)")
    return F.when(fits & ~value.rlike(_HIDDEN_DECIMALS), F.expr(f"try_cast({exact} as {AMOUNT_TYPE})"))
