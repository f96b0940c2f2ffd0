"""Amounts: JSON numbers with at most two decimals, kept exactly as decimal(18,2).

They go through a decimal with 22 decimals: a double would not tell 12.5 from 12.50000000000000001.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, StructField

from medallion.schema import AMOUNT_TYPE

#: The amount as `read_again` needs it for `exact_amount`: 16 digits before the point, 22 after it.
EXACT_AMOUNT_FIELD = StructField("amount", DecimalType(38, 22))

# Digits after the 21st decimal only matter by being non-zero: one 1 stands for them all.
_FAR_DECIMALS = r"(\.[0-9]{21})0*+[1-9][0-9]*+"
# No amount has an exponent of five digits, but making a decimal of one takes as many digits as it says.
_FAR_EXPONENT = r"([0-9.][eE][+-]?)0*+[1-9][0-9]{4,}+"
# What those 22 decimals could still hide: an exponent after 20 characters or more, and an underflow such as
# 1e-400. A name with an escape may spell amount. Possessive, so that a long value costs no more than its
# length.
_HIDDEN_DECIMALS = (
    r'"(?:amount|[^"\\]*+\\u[^"]*+)"\s*+:\s*+-?'
    r"(?:[0-9.]{20,}+[eE]|(?=[0.]*+[1-9])[0-9.]*+[eE]-0*+[1-9][0-9]{2})"
)


def near_decimals(value: Column) -> Column:
    """The JSON text with far decimals and exponents shortened, so that 22 decimals lose none of them."""
    return F.regexp_replace(F.regexp_replace(value, _FAR_EXPONENT, "$19999"), _FAR_DECIMALS, "$11")


def exact_amount(double: str, exact: str, value: Column) -> Column:
    """The decimal column `exact` (read from `near_decimals`) as decimal(18,2), or null when it is no amount.

    `double` is the last number that the JSON held, null when it held none. `exact` is another one when the
    name came twice and the last was too large for it.
    """
    amount = f"try_cast({exact} as {AMOUNT_TYPE})"
    fits = F.expr(f"{exact} = {amount} and cast({amount} as double) = {double}")
    return F.when(fits & ~value.rlike(_HIDDEN_DECIMALS), F.expr(amount))
