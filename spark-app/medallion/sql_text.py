"""Texts as decimals, dates and instants, in SQL: exactly, or NULL.

Each function takes an SQL expression of type string and gives one. Nothing raises, in ANSI mode either. The
session's time zone is UTC.
"""

from __future__ import annotations

#: A number as RFC 8259 has it.
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"

_ISO_DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
_ISO_TIME = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?+"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?\z"
)
#: Digits of a number with an exponent. Jackson refuses JSON numbers that are longer.
_LONGEST_NUMBER = 1000
#: With small letters, or without seconds.
_OTHER_ISO_TIME = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?+)?+"
    r"(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?\z"
)
#: Seconds since 1970 of the beginning of the year 0, and of the year 10000.
_FIRST_SECOND, _END_SECOND = -62_167_219_200, 253_402_300_800
#: A number that a decimal of 20 digits before the point may hold, and that is quickly made.
_SMALL_NUMBER = r"\A-?[0-9]{1,20}(?:\.[0-9]++)?+(?:[eE][+-]?0*[0-9]{1,2})?+\z"
_FAR_DECIMALS = r"(\.[0-9]{18})[0-9]+(?=[eE]|\z)"
_MICROS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}


def literal(text: str) -> str:
    """A text as an SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def name(*path: str) -> str:
    """A column, or a member of a struct, as an SQL name."""
    return ".".join(f"`{part}`" for part in path)


def matches(text: str, pattern: str) -> str:
    return f"({text} rlike {literal(pattern)})"


def bind(name: str, value: str, body: str) -> str:
    """The body, in which the name is the value: computed once, and interpreted.

    Spark compiles what it computes for every record, and Java leaves methods that are too long uncompiled:
    what is for few records had better stay out of them.
    """
    return f"get(transform(array({value}), {name} -> {body}), 0)"


def decimal(text: str, precision: int, scale: int) -> str:
    """A JSON number in a text as a decimal. NULL when it has more digits than the type."""
    whole = precision - scale
    digits = r"\A-?" + ("0" if whole == 0 else rf"(?:0|[1-9][0-9]{{0,{whole - 1}}})")
    plain = digits + (rf"(?:\.[0-9]{{1,{scale}}}0*+)?+\z" if scale else r"(?:\.0++)?+\z")
    kept = digits + (rf"(?:\.[0-9]{{1,{scale}}})?" if scale else "")
    data_type = f"decimal({precision},{scale})"
    # Zeros behind the last decimal, however many, are left off: making a number of a long text takes long.
    short = f"if(octet_length(number) <= 60, number, regexp_extract(number, {literal(kept)}, 0))"
    rare = (
        f"case when {matches('number', plain)} then try_cast({short} as {data_type}) "
        f"when {matches('number', '[eE]')} then {_scientific('number', scale, data_type)} end"
    )
    usual = f"octet_length({text}) <= 60 and {matches(text, plain)}"
    return f"if({usual}, try_cast({text} as {data_type}), {_unless_null(text, bind('number', text, rare))})"


def _unless_null(value: str, otherwise: str) -> str:
    return f"if({value} is null, null, {otherwise})"


def _scientific(text: str, scale: int, data_type: str) -> str:
    """A number with an exponent: cast only when the type has all of its decimals, so that none is rounded.

    An exponent of four digits fits no decimal, unless the number is zero or longer than any is read.
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
    return f"case when {matches(text, _ISO_DATE)} then try_cast({text} as date) end"


def iso_time(text: str, timezone: str) -> str:
    """An instant as ISO 8601 has it; microseconds are kept, further decimals cut. NULL for a day that is not
    in the calendar, for hour 24, second 60 and an offset beyond 18:00.
    """
    with_seconds = "upper(regexp_replace(time, '^(.{16})(?!:)', '$1:00'))"
    other = f"if({matches('time', _OTHER_ISO_TIME)}, {_instant(with_seconds, timezone)}, null)"
    rare = _unless_null(text, bind("time", text, other))
    return f"if({matches(text, _ISO_TIME)}, {_instant(text, timezone)}, {rare})"


def _instant(text: str, timezone: str) -> str:
    # UTC's own offset is taken off here: Spark compiles two patterns for each offset that it reads.
    utc = " ".join(
        f"when endswith({text}, '{ending}') "
        f"then try_cast(substring_index({text}, '{ending[0]}', 1) as timestamp)"
        for ending in ("Z", "+00:00", "+0000")
    )
    if timezone == "UTC":
        return f"case {utc} else try_cast({text} as timestamp) end"
    zoned = matches(text, r"[+-][0-9]{2}(?::?[0-9]{2})?\z")
    has_offset = f"{zoned} and not {matches(text, _ISO_DATE[:-2] + '$')}"
    return (
        f"case {utc} when {has_offset} then try_cast({text} as timestamp) "
        f"else try_cast(concat({text}, {literal(timezone)}) as timestamp) end"
    )


def pattern_time(text: str, pattern: str, shape: str, timezone: str) -> str:
    """An instant in the notation of a JDK pattern, which cannot be read before the text has its shape."""
    instant = f"try_to_timestamp({text}, {literal(pattern)})"
    has_zone = any(letter in _outside_quotes(pattern) for letter in "XxZ")
    if timezone != "UTC" and not has_zone:
        instant = f"to_utc_timestamp({instant}, {literal(timezone)})"
    return f"case when {matches(text, shape)} then {instant} end"


def _outside_quotes(pattern: str) -> str:
    return "".join(pattern.split("'")[::2])


def epoch(text: str, unit: str) -> str:
    """A number of seconds, milliseconds or microseconds since 1970, in years 0 to 9999, as an instant;
    microseconds are kept, further decimals cut.
    """
    is_number, is_small = matches(text, rf"\A{NUMBER}\z"), matches(text, _SMALL_NUMBER)
    # Digits behind the 18th decimal could only be rounded up.
    cut = f"regexp_replace({text}, {literal(_FAR_DECIMALS)}, '$1')"
    number = f"try_cast(if(octet_length({text}) <= 30, {text}, {cut}) as decimal(38,18))"
    micros = _MICROS[unit]
    first, end = _FIRST_SECOND * 1_000_000 // micros, _END_SECOND * 1_000_000 // micros
    whole = f"try_cast({number} as bigint) * {micros}L"
    fraction = f"try_cast({number} % 1 * {micros} as bigint)"
    return (
        f"case when {is_number} and {is_small} and {number} >= {first} and {number} < {end} "
        f"then timestamp_micros({whole} + {fraction}) end"
    )
