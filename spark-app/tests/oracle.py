"""The outcome of a value by the rules of a contract, in Python without Spark: the reason, or the
row.

Written only from the rules, with `json` and `Decimal`, for a comparison with the job's parse. It
does not implement constraints and expectations, which have their own tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Optional

from medallion.pipeline import Field, Pipeline, Type


class _WrongError(Exception):
    """A value that has another type than its field."""


@dataclass(frozen=True)
class Token:
    """A JSON number, as it is written."""

    text: str


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]+")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_DAY_US = 86_400_000_000
_EPOCH = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}


def classify(value: str, pipeline: Pipeline) -> tuple[Optional[str], dict[str, Any]]:
    """The reason and the row; one of them is empty."""
    if value.startswith("\0") and len(value.encode("utf-8", "replace")) >= 5:
        return "schema_registry_header", {}
    try:
        event = json.loads(value, parse_int=Token, parse_float=Token, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "not_json_object", {}
    if not isinstance(event, dict):
        return "not_json_object", {}
    row: dict[str, Any] = {}
    wrong = set()
    for each in pipeline.fields:
        given = event.get(each.name)
        try:
            row[each.name] = None if given is None else read(each.type, given)
        except _WrongError:
            wrong.add(each.name)
    for each in pipeline.fields:
        if each.required and event.get(each.name) is None:
            return f"missing_{each.name}", {}
        if each.required and each.name in wrong:
            return f"bad_{each.name}", {}
    if wrong:
        return "wrong_type", {}
    if pipeline.quarantines_unknown_fields and set(event) - {each.name for each in pipeline.fields}:
        return "unknown_field", {}
    if pipeline.event_time in row:
        row["event_time"] = row.pop(pipeline.event_time)
    return None, row


def read(of: Type, value: Any) -> Any:
    """The value as `to_json` shows it: times as text, numbers as Decimal or float."""
    if of.kind == "object":
        if not isinstance(value, dict):
            raise _WrongError
        return {each.name: _member(each, value.get(each.name)) for each in of.fields}
    if of.items:
        if not isinstance(value, list):
            raise _WrongError
        return [_member(of.items, each) for each in value]
    return _SCALARS[of.kind](of, value)


def _member(item: Field, value: Any) -> Any:
    if value is None:
        if item.required:
            raise _WrongError
        return None
    return read(item.type, value)


def _text(value: Any, or_number: bool = False) -> str:
    if isinstance(value, str):
        # Half a surrogate pair is not a character.
        return re.sub("[\ud800-\udfff]", "?", value)
    if or_number and isinstance(value, Token):
        return value.text
    raise _WrongError


def _string(_: Type, value: Any) -> str:
    return _text(value, or_number=True)


def _integer(_: Type, value: Any) -> int:
    if not isinstance(value, Token) or not _INTEGER.fullmatch(value.text):
        raise _WrongError
    number = int(value.text)
    if not -(2**63) <= number < 2**63:
        raise _WrongError
    return number


def _double(_: Type, value: Any) -> float:
    if not isinstance(value, Token):
        raise _WrongError
    number = float(value.text)
    if number in (float("inf"), float("-inf")):
        raise _WrongError
    return number


def _boolean(_: Type, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError
    return value


def _number(value: Any) -> Decimal:
    text = _text(value, or_number=True)
    if not _NUMBER.fullmatch(text):
        raise _WrongError
    try:
        return Decimal(text)
    except InvalidOperation:  # An exponent that fits no decimal.
        if re.match(r"-?[0.]+[eE]", text):
            return Decimal(0)
        raise _WrongError from None


def _decimal(of: Type, value: Any) -> Decimal:
    sign, digits, exponent = _number(value).as_tuple()
    assert isinstance(exponent, int)
    kept = "".join(map(str, digits)).lstrip("0")
    if not kept:
        return Decimal(0)
    stripped = kept.rstrip("0")
    exponent += len(kept) - len(stripped)
    if -exponent > of.scale or len(stripped) + exponent > of.precision - of.scale:
        raise _WrongError
    return Decimal((sign, tuple(map(int, stripped)), exponent))


def _date(of: Type, value: Any) -> str:
    text = _text(value)
    if of.format == "iso8601":
        match = _DATE.fullmatch(text)
        order = (1, 2, 3)
    else:
        match = re.match(of.shape, text)
        order = {"dd.MM.yyyy": (3, 2, 1), "yyyyMMdd": (1, 2, 3)}[of.format]
    if not match:
        raise _WrongError
    year, month, day = (int(match[group]) for group in order)
    _days(year, month, day)
    return f"{year:04}-{month:02}-{day:02}"


def _timestamp(of: Type, value: Any) -> str:
    return instant_text(_epoch_micros(of, value) if of.epoch else _iso_micros(of, value))


def _iso_micros(of: Type, value: Any) -> int:
    match = _TIME.fullmatch(_text(value))
    if not match:
        raise _WrongError
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = match.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise _WrongError
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * (-1 if sign == "-" else 1)
    if int(minutes or 0) > 59 or abs(offset) > 18 * 60:
        raise _WrongError
    if sign is None and match[8] is None and of.timezone != "UTC":
        offset = int(f"{of.timezone[0]}1") * (int(of.timezone[1:3]) * 60 + int(of.timezone[4:6]))
    micros = int((fraction or "").ljust(6, "0")[:6])
    time = ((int(hour) * 60 + int(minute) - offset) * 60 + int(second or 0)) * 1_000_000 + micros
    return _days(int(year), int(month), int(day)) * _DAY_US + time


def _epoch_micros(of: Type, value: Any) -> int:
    number = _number(value)
    if re.search(r"[eE][+-]?0*[1-9][0-9]{3}", _text(value, or_number=True)):
        raise _WrongError
    # With 18 digits after the microsecond, which only matter before the year 0.
    cut = int(Fraction(number) * _EPOCH[of.epoch] * 10**18)
    if not -62_167_219_200_000_000 * 10**18 <= cut < 253_402_300_800_000_000 * 10**18:
        raise _WrongError
    return int(Fraction(cut, 10**18))


_SCALARS = {
    "string": _string,
    "integer": _integer,
    "double": _double,
    "boolean": _boolean,
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
}


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the proleptic Gregorian calendar."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    months = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= months[month - 1]:
        raise _WrongError
    before = year - 1
    years = before * 365 + before // 4 - before // 100 + before // 400
    return years + sum(months[: month - 1]) + day - 719_163


def instant_text(micros: int) -> str:
    """An instant in Spark's notation in UTC, with six decimals."""
    days, rest = divmod(micros, _DAY_US)
    year = 1970 + min(days // 366, days // 365) - 2
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = max(month for month in range(1, 13) if _days(year, month, 1) <= days)
    day = days - _days(year, month, 1) + 1
    seconds, fraction = divmod(rest, 1_000_000)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}Z"
    return f"{sign}{abs(year):04}-{month:02}-{day:02}T{time}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def same(of: Type, expected: Any, shown: Any) -> bool:
    """Whether a value of the oracle equals the one in `to_json` of the job's row, read with numbers
    as text.
    """
    if expected is None or shown is None:
        return expected is shown
    if of.kind == "object":
        return all(same(each.type, expected[each.name], shown[each.name]) for each in of.fields)
    if of.items:
        inner = of.items.type
        pairs = zip(expected, shown)
        return len(expected) == len(shown) and all(same(inner, *pair) for pair in pairs)
    if of.kind == "double":
        return bool(float(shown) == expected)
    if of.kind in ("decimal", "integer"):
        return bool(Decimal(shown) == expected)
    return bool(shown == expected)
