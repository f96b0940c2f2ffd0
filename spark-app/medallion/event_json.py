"""Reading a value as exactly one JSON object, with Spark's own parser and without a second full parse.

`from_json` stops at the end of the first object, so `{…} trailing` and `{…}{…}` pass. Wrapped as
`{"<in>":VALUE,"<end>":1}` the parser reaches `<end>` only when VALUE is one JSON value and nothing else.
Both keys are random for each process: a value cannot close the wrapper early and still bring the right
keys.

A wrong type nulls its field and sets the corrupt-record column, and so does a syntax error in a field's
value, after which the parser may go on. `parsed_event().clean` is therefore true only when nothing at all
went wrong; the other rows are few, and are looked at again with `read_again`.
"""

from __future__ import annotations

import uuid

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, IntegerType, StringType, StructField, StructType

from medallion.schema import NUMBER_FIELDS, TEXT_FIELDS

_IN = "in_" + uuid.uuid4().hex
_END = "end_" + uuid.uuid4().hex
_BROKEN = "broken_" + uuid.uuid4().hex

# RFC 8259 only: Spark's defaults would also take NaN, Infinity and 'single quotes'.
_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": _BROKEN,
    "allowNonNumericNumbers": "false",
    "allowSingleQuotes": "false",
}


def fields_as(names: tuple[str, ...], data_type: DataType) -> list[StructField]:
    """Fields of an event, all read as one type."""
    return [StructField(name, data_type) for name in names]


def parsed_event(value: Column) -> Column:
    """The value as struct<event, closed, clean>.

    `event` has the text fields as string and the number fields as double, and is null when the value is
    no object; `closed` is true when the value was one JSON value without anything after it; `clean` is
    described above.
    """
    event = StructType(fields_as(TEXT_FIELDS, StringType()) + fields_as(NUMBER_FIELDS, DoubleType()))
    fields = [StructField(_IN, event), StructField(_END, IntegerType()), StructField(_BROKEN, StringType())]
    return F.from_json(_wrapped(value), StructType(fields), _OPTIONS)


def event_of(parsed: Column) -> Column:
    """The event of `parsed_event`."""
    return parsed.getField(_IN)


def is_closed(parsed: Column) -> Column:
    """Whether the value was one JSON value with nothing after it."""
    return parsed.getField(_END).isNotNull()


def is_clean(parsed: Column) -> Column:
    """Whether no field had a wrong type and no syntax error was passed over."""
    return parsed.getField(_BROKEN).isNull()


def is_strict_json(value: Column) -> Column:
    """Whether the value is valid JSON from end to end: every token is read, none converted."""
    return (
        F.from_json(_wrapped(value), StructType([StructField(_END, IntegerType())]), _OPTIONS)
        .getField(_END)
        .isNotNull()
    )


def is_one_element(value: Column) -> Column:
    """Whether the value is the one element of an array that is put around it.

    The wrapper above lets `{…},"x":1` add a member to it. An array takes no members, and a value that would
    add an element, or close the array, breaks the wrapper: only one JSON value passes both.
    """
    return F.coalesce(F.json_array_length(F.concat(F.lit("["), value, F.lit("]"))) == 1, F.lit(False))


def ends_with_first_brace(value: Column) -> Column:
    """Whether only blanks follow the first closing brace, so that the value can hold one object only."""
    return F.instr(value, "}") == F.length(F.rtrim(value))


def read_again(value: Column, fields: list[StructField]) -> Column:
    """The event with other types for its fields; a field that does not hold its type is null."""
    return F.from_json(
        _wrapped(value), StructType([StructField(_IN, StructType(fields))]), _OPTIONS
    ).getField(_IN)


def _wrapped(value: Column) -> Column:
    return F.concat(F.lit(f'{{"{_IN}":'), value, F.lit(f',"{_END}":1}}'))
