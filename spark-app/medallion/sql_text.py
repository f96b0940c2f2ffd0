"""Exact conversion of texts to decimals, dates and instants, in SQL. What cannot be converted is
NULL.

Each function takes an SQL expression of type string and returns an SQL expression. Nothing raises,
not even in ANSI mode. The session's time zone is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: The beginning of the names of the job's own columns. No field of an event has such a name, since
#: the orchestrator refuses control characters.
HELPER = "\x01"
#: A part of a path in `pipeline.json`; one that is not plain stands in backticks.
_PART = re.compile("`((?:[^`]|``)+)`|[^.`]+")

#: A number of JSON (RFC 8259).
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
JUST_A_NUMBER = rf"\A{NUMBER}\z"

_OFFSET = r"[+-][0-9]{2}(?::?[0-9]{2})?"
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
#: An instant in its common notation.
ISO_TIME = rf"{ISO_DATE}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?+(?:Z|{_OFFSET})?"
_JUST_A_DATE, _JUST_A_TIME = rf"\A{ISO_DATE}\z", rf"\A{ISO_TIME}\z"
#: An instant with `t` or `z` in lower case, or without seconds.
_OTHER_ISO_TIME = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?+)?+"
    rf"(?:[Zz]|{_OFFSET})?\z"
)
#: The most digits of a number with an exponent. Jackson refuses longer JSON numbers.
_LONGEST_NUMBER = 1000
#: Seconds since 1970 of the beginning of the year 0, and of the year 10000.
_FIRST_SECOND, _END_SECOND = -62_167_219_200, 253_402_300_800
#: A number that is quick to convert. One with an exponent has at most the digits that Jackson
#: reads.
_QUICK_NUMBER = (
    r"\A-?(?:[0-9]{1,20}(?:\.[0-9]++)?+"
    rf"|(?!(?:[0-9]\.?+){{{_LONGEST_NUMBER + 1}}})[0-9]++(?:\.[0-9]++)?+[eE][+-]?0*[0-9]{{1,3}})\z"
)
_LARGEST_DOUBLE = "1.7976931348623157e308D"
_MICROS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
#: Digits before the point of the latest instant in microseconds. As many digits are kept after the
#: microsecond.
_MICROS_DIGITS = 18
#: The type decimal(precision, scale) with which the fast path reads an epoch.
EPOCH_DIGITS, EPOCH_SCALE = 38, 18


def literal(text: str) -> str:
    """A text as an SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def name(*path: str) -> str:
    """A column, or a member of a struct, as an SQL name."""
    return ".".join(f"`{part.replace('`', '``')}`" for part in path)


def member(struct: str, field: str) -> str:
    """A field of a struct that is given as SQL."""
    return f"{struct}.{name(field)}"


def path_names(path: str) -> list[str]:
    """The names of a path in `pipeline.json`: a column, then the members of objects in it, such as
    `customer.country`.
    """
    return [each[1].replace("``", "`") if each[1] else each[0] for each in _PART.finditer(path)]


def ddl(columns: Mapping[str, str]) -> str:
    """Columns with their types, as DDL for Spark's readers."""
    return ", ".join(f"{name(column)} {data_type}" for column, data_type in columns.items())


def matches(text: str, pattern: str) -> str:
    return f"({text} rlike {literal(pattern)})"


def replaced(text: str, pattern: str, replacement: str) -> str:
    return f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)})"


def bind(name: str, value: str, body: str) -> str:
    """An SQL expression in which `name` stands for the value, which is computed once and
    interpreted.

    Spark generates code for what it computes for every record, and Java does not compile methods
    that are too long. So expressions that few records need are kept out of that code.
    """
    return f"get(transform(array({value}), {name} -> {body}), 0)"


def finite(number: str) -> str:
    """A double, or NULL when it overflowed."""
    return bind("number", number, f"if(abs(number) <= {_LARGEST_DOUBLE}, number, null)")


def plain_number(precision: int, scale: int, zeros: str = "*+") -> str:
    """A regular expression for a number without exponent that the decimal can hold, with any
    further zeros at its end.
    """
    whole = precision - scale
    digits = "-?" + ("0" if whole == 0 else rf"(?:0|[1-9][0-9]{{0,{whole - 1}}}+)")
    return digits + (rf"(?:\.[0-9]{{1,{scale}}}+0{zeros})?+" if scale else rf"(?:\.0{zeros})?+")


def decimal(text: str, precision: int, scale: int) -> str:
    """Converts a JSON number in a text to a decimal. NULL when it has more digits than the type."""
    data_type = f"decimal({precision},{scale})"
    is_plain = matches("number", rf"\A{plain_number(precision, scale)}\z")
    # Zeros after the last decimal are removed first: converting a long text takes long.
    short = replaced("number", rf"(\.[0-9]{{{scale}}})0++\z", "$1")
    has_exponent, scientific = matches("number", "[eE]"), _scientific("number", scale, data_type)
    cases = f"when {is_plain} then try_cast({short} as {data_type}) when {has_exponent} then {scientific}"
    return bind("number", text, f"case {cases} end")


def _scientific(text: str, scale: int, data_type: str) -> str:
    """Converts a number with an exponent, only when the type has all of its decimals, so that
    nothing is rounded.

    With an exponent of four digits a number fits no decimal, unless it is zero or longer than
    Jackson reads.
    """
    pattern = r"\A-?(0|[1-9][0-9]*+)(?:\.([0-9]++))?+[eE]([+-]?0*[0-9]{1,3})\z"
    whole, fraction, exponent = (
        f"regexp_extract({text}, {literal(pattern)}, {group})" for group in (1, 2, 3)
    )
    digits = f"concat({whole}, {fraction})"
    decimals = (
        f"octet_length({fraction}) - try_cast({exponent} as int) "
        f"- (octet_length({digits}) - octet_length(trim(trailing '0' from {digits})))"
    )
    zero = matches(text, r"\A-?0(?:\.0++)?+[eE][+-]?[0-9]++\z")
    fits = (
        f"octet_length({digits}) <= {_LONGEST_NUMBER} and {matches(text, pattern)} and {decimals} <= {scale}"
    )
    return (
        f"case when {zero} then cast(0 as {data_type}) when {fits} then try_cast({text} as {data_type}) end"
    )


def iso_date(text: str) -> str:
    return f"case when {matches(text, _JUST_A_DATE)} then try_cast({text} as date) end"


def iso_time(text: str, timezone: str) -> str:
    """Converts an instant in ISO 8601. Microseconds are kept and further decimals cut. NULL for a
    day that is not in the calendar, for hour 24, second 60 and an offset beyond 18:00.
    """
    with_seconds = f"upper({replaced(text, '^(.{16})(?!:)', '$1:00')})"
    time = (
        f"case when {matches(text, _JUST_A_TIME)} then {text} "
        f"when {matches(text, _OTHER_ISO_TIME)} then {with_seconds} end"
    )
    if timezone != "UTC":
        time = replaced(time, rf"(?<!Z|{_OFFSET})\z", timezone)
    return cast_iso_time(time)


def cast_iso_time(text: str) -> str:
    """Converts a text that matches `ISO_TIME` to an instant, in UTC if it names no zone."""
    # UTC's own offset is removed first: Spark compiles two patterns for each offset that it reads.
    return f"try_cast(trim(trailing 'Z' from replace({text}, '+00:00', '')) as timestamp)"


def pattern_time(text: str, pattern: str, shape: str, timezone: str) -> str:
    """Converts an instant in the notation of a JDK pattern. The text has to match `shape` before it
    can be read.
    """
    instant = f"try_to_timestamp({text}, {literal(pattern)})"
    has_zone = any(letter in _outside_quotes(pattern) for letter in "XxZ")
    if timezone != "UTC" and not has_zone:
        instant = f"to_utc_timestamp({instant}, {literal(timezone)})"
    return f"case when {matches(text, shape)} then {instant} end"


def _outside_quotes(pattern: str) -> str:
    return "".join(pattern.split("'")[::2])


def epoch_number(text: str, unit: str) -> str:
    """Converts a JSON number in a text to the decimal that `epoch` takes, or NULL. Decimals are cut
    from the 19th after the microsecond on. An exponent is from -999 to 999.
    """
    is_number = f"{matches('number', JUST_A_NUMBER)} and {matches('number', _QUICK_NUMBER)}"
    scale = _MICROS_DIGITS + len(str(_MICROS[unit])) - 1
    # Also cuts a zero's exponent, which Spark would count as digits.
    short = replaced("number", rf"(\.[0-9]{{{scale}}})[0-9]+\z|(\A-?0(?:\.0++)?+)[eE].*", "$1$2")
    # The cast rounds a decimal: each further digit that is not zero becomes a one, which is rounded
    # down.
    first_digits = rf"\A-?[0.]*+(?:[0-9]\.?+){{{_MICROS_DIGITS}}}"
    cut = replaced(short, rf"((?:{first_digits}|\G(?!\A))[0.]*+)[1-9]", "$11")
    cast = f"try_cast({cut} as decimal({EPOCH_DIGITS},{scale}))"
    return bind("number", text, f"case when {is_number} then {cast} end")


def epoch(number: str, unit: str) -> str:
    """Converts a number since 1970, in years 0 to 9999, to an instant. Decimals of a microsecond
    are cut.
    """
    micros = _MICROS[unit]
    first, end = _FIRST_SECOND * 1_000_000 // micros, _END_SECOND * 1_000_000 // micros
    whole = f"try_cast({number} as bigint) * {micros}L"
    fraction = f"try_cast({number} % 1 * {micros} as bigint)"
    return (
        f"case when {number} >= {first} and {number} < {end} then timestamp_micros({whole} + {fraction}) end"
    )
