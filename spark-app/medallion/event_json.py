"""Reading a value as exactly one JSON object, with Spark's own parser and without a second full parse.

`from_json` stops at the end of the first object, so `{…} trailing` and `{…}{…}` pass. Wrapped as
`{"<in>":VALUE,"<end>":1}` the parser reaches `<end>` only when VALUE is one JSON value and nothing else.
Both keys are random for each process: a value cannot close the wrapper early and still bring the right
keys.

A wrong type nulls its field, and so does a syntax error in a field's value, after which the parser may go
on: `is_strict_json` finds those, and `read_again` tells which type a field had.
"""

from __future__ import annotations

import uuid

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, IntegerType, StringType, StructField, StructType

from medallion.schema import NUMBER_FIELDS, TEXT_FIELDS

_IN = "in_" + uuid.uuid4().hex
_END = "end_" + uuid.uuid4().hex
#: The corrupt-record column: not null when a field had a wrong type, or the text a syntax error.
BROKEN = "broken_" + uuid.uuid4().hex

#: RFC 8259 only: Spark's defaults would also take NaN, Infinity and 'single quotes'.
JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": BROKEN,
    "allowNonNumericNumbers": "false",
    "allowSingleQuotes": "false",
    "timeZone": "UTC",
}


def fields_as(names: tuple[str, ...], data_type: DataType) -> list[StructField]:
    """Fields of an event, all read as one type."""
    return [StructField(name, data_type) for name in names]


def parsed_event(value: Column) -> Column:
    """The value for `event_of` and `is_closed`: text fields as string, number fields as double."""
    event = StructType(fields_as(TEXT_FIELDS, StringType()) + fields_as(NUMBER_FIELDS, DoubleType()))
    fields = [StructField(_IN, event), StructField(_END, IntegerType()), StructField(BROKEN, StringType())]
    return F.from_json(_wrapped(value), StructType(fields), JSON_OPTIONS)


def event_of(parsed: Column) -> Column:
    """The event of `parsed_event`; null when the value is no object."""
    return parsed.getField(_IN)


def is_closed(parsed: Column) -> Column:
    """Whether the value was one JSON value with nothing after it."""
    return parsed.getField(_END).isNotNull()


def has_wrong_number(parsed: Column) -> Column:
    """Whether a number field of `parsed_event` was given as anything else, be it once of several times."""
    return parsed.getField(BROKEN).isNotNull()


def is_never_but(value: Column, field: StructField) -> Column:
    """Whether a field has the right type or is null, each time that it is given."""
    fields = [StructField(_IN, StructType([field])), StructField(BROKEN, StringType())]
    return F.from_json(_wrapped(value), StructType(fields), JSON_OPTIONS).getField(BROKEN).isNull()


def is_strict_json(value: Column) -> Column:
    """Whether the value is valid JSON from end to end: every token is read, none converted."""
    return (
        F.from_json(_wrapped(value), StructType([StructField(_END, IntegerType())]), JSON_OPTIONS)
        .getField(_END)
        .isNotNull()
    )


def is_one_value(value: Column) -> Column:
    """Whether a value that `is_strict_json` left the wrapper its two members: `{…},"x":1` would add one.

    `json_array_length` would tell as well, but it lets through exceptions that `from_json` catches, and it
    remembers names over all batches: enough names of one hash would fail every batch they come in.
    """
    members = F.from_json(_wrapped(value), "map<string,string>", JSON_OPTIONS)
    return F.coalesce(F.size(members) == 2, F.lit(False))


def read_again(value: Column, fields: list[StructField]) -> Column:
    """The event with other types for its fields; a field that does not hold its type is null."""
    return F.from_json(
        _wrapped(value), StructType([StructField(_IN, StructType(fields))]), JSON_OPTIONS
    ).getField(_IN)


def _wrapped(value: Column) -> Column:
    return F.concat(F.lit(f'{{"{_IN}":'), value, F.lit(f',"{_END}":1}}'))
