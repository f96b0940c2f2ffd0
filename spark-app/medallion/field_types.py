"""A row for each kind of value: how the parser reads it, and how that becomes a column.

The functions take and give expressions of SQL. The parser reads a JSON number, `true`, an object or an array
as STRING without telling them from a text, and a number with a fraction through a double. Where that matters
the value is read again with its tokens marked: see `marked_json`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, Optional

from medallion import marked_json
from medallion import sql_text as sql
from medallion.pipeline import Field, Type

_LARGEST_DOUBLE = "1.7976931348623157e308D"
# A double keeps 15 digits; its exponent ends at 308.
_LONG_NUMBER = r"-?(?:[0-9.]{17}|[0-9.]++[eE][+-]?[0-9]{3})"
# As Java writes a double; 0 may have been -0.
_JAVA_NUMBER = r"\A-?(?:[0-9]++\.[0-9]++(?:E-?[0-9]++)?+|Infinity|0)\z"


@dataclass(frozen=True)
class Scalar:
    """How one kind of scalar is read."""

    #: The type of its column.
    column_type: Callable[[Type], str]
    #: The type that the parser reads: any but string is a JSON token of that type alone.
    read_type: str
    #: What the parser read as a column: NULL when it is no value of the type. None: as it is.
    convert: Optional[Callable[[Type, str], str]]
    #: What a value of another type is said to be.
    complaint: str
    #: Number tokens that the parser does not keep, as a regular expression …
    lossy_number: str = ""
    #: … and whether a text that it read may have been one. None: always.
    may_be_number: Optional[Callable[[str], str]] = None


def _finite(_: Type, number: str) -> str:
    return f"if(abs({number}) <= {_LARGEST_DOUBLE}, {number}, null)"


def _decimal(of: Type, text: str) -> str:
    return sql.decimal(text, of.precision, of.scale)


def _date(of: Type, text: str) -> str:
    if of.format == "iso8601":
        return sql.iso_date(text)
    return f"cast({sql.pattern_time(text, of.format, of.shape, 'UTC')} as date)"


def _timestamp(of: Type, text: str) -> str:
    if of.epoch:
        return sql.epoch(text, of.epoch)
    if of.format == "iso8601":
        return sql.iso_time(text, of.timezone)
    return sql.pattern_time(text, of.format, of.shape, of.timezone)


def _java_number(text: str) -> str:
    # The first condition is cheap and false for most texts.
    first = f"({text} >= '-' and {text} < ':' or {text} = 'Infinity')"
    return f"({first} and {sql.matches(text, _JAVA_NUMBER)})"


def _json_number(text: str) -> str:
    return sql.matches(text, rf"\A{sql.NUMBER}\z")


_STRING = Scalar(lambda _: "string", "string", None, "is no text", r"-?(?:[0-9]++[.eE]|0)", _java_number)
_INTEGER = Scalar(lambda _: "bigint", "bigint", None, "is no whole number of 64 bits")
_DOUBLE = Scalar(lambda _: "double", "double", _finite, "is no finite number")
_BOOLEAN = Scalar(lambda _: "boolean", "boolean", None, "is neither true nor false")
_DECIMAL = Scalar(
    lambda of: f"decimal({of.precision},{of.scale})", "string", _decimal, "is no number", _LONG_NUMBER
)
_DATE = Scalar(lambda _: "date", "string", _date, "is no date")
_TIME = Scalar(lambda _: "timestamp", "string", _timestamp, "is no date")
# The text may be all digits, and a number is no date.
_PATTERN_DATE = Scalar(lambda _: "date", "string", _date, "is no date", "-?[0-9]", _json_number)
_PATTERN_TIME = Scalar(lambda _: "timestamp", "string", _timestamp, "is no date", "-?[0-9]", _json_number)
_EPOCH = Scalar(lambda _: "timestamp", "string", _timestamp, "is no time since 1970", _LONG_NUMBER)

_SCALARS = {
    "string": _STRING,
    "integer": _INTEGER,
    "double": _DOUBLE,
    "boolean": _BOOLEAN,
    "decimal": _DECIMAL,
}


def scalar(of: Type) -> Scalar:
    """The row of a type that is neither object nor array."""
    if of.kind in ("date", "timestamp"):
        if of.epoch:
            return _EPOCH
        if of.format == "iso8601":
            return _DATE if of.kind == "date" else _TIME
        return _PATTERN_DATE if of.kind == "date" else _PATTERN_TIME
    return _SCALARS[of.kind]


def column_type(of: Type) -> str:
    """The type of the column, as DDL."""
    return _ddl(of, lambda leaf: scalar(leaf).column_type(leaf))


def read_type(of: Type) -> str:
    """The type that the parser reads, as DDL."""
    return _ddl(of, lambda leaf: scalar(leaf).read_type)


def _ddl(of: Type, leaf: Callable[[Type], str]) -> str:
    if of.kind == "object":
        inside = ", ".join(f"`{each.name}`: {_ddl(each.type, leaf)}" for each in of.fields)
        return f"struct<{inside}>"
    if of.items:
        return f"array<{_ddl(of.items.type, leaf)}>"
    return leaf(of)


def value(of: Type, read: str, depth: int = 0) -> str:
    """What the parser read as a column. A part that is no value of its type is NULL: see `is_right`."""
    if of.kind == "object":
        parts = [(each.name, value(each.type, f"{read}.`{each.name}`", depth)) for each in of.fields]
        if all(part == f"{read}.`{inner}`" for inner, part in parts):
            return read
        members = ", ".join(f"'{inner}', {part}" for inner, part in parts)
        return f"if({read} is null, null, named_struct({members}))"
    if of.items:
        element = f"e{depth}"
        inner = value(of.items.type, element, depth + 1)
        return read if inner == element else f"transform({read}, {element} -> {inner})"
    convert = scalar(of).convert
    return convert(of, read) if convert else read


def is_right(of: Type, read: str, depth: int = 0) -> str:
    """Whether all of what the parser read, if it is not NULL, has its type. Empty when it cannot be wrong."""
    if of.kind == "object":
        parts = [_item_is_right(each, f"{read}.`{each.name}`", depth) for each in of.fields]
        inside = " and ".join(filter(None, parts))
        return f"({read} is null or {inside})" if inside else ""
    if of.items:
        inside = _item_is_right(of.items, f"e{depth}", depth + 1)
        return f"({read} is null or forall({read}, e{depth} -> {inside}))" if inside else ""
    convert = scalar(of).convert
    return f"({read} is null or {convert(of, read)} is not null)" if convert else ""


def _item_is_right(item: Field, read: str, depth: int) -> str:
    right = is_right(item.type, read, depth)
    return " and ".join(filter(None, [f"{read} is not null" if item.required else "", right]))


def any_scalar(of: Type, read: str, test: Callable[[Type, str], str], depth: int = 0) -> str:
    """Whether a scalar in what the parser read passes a test, NULL or not. Empty when none is tested."""
    if of.kind == "object":
        return _any(any_scalar(each.type, f"{read}.`{each.name}`", test, depth) for each in of.fields)
    if of.items:
        inside = any_scalar(of.items.type, f"e{depth}", test, depth + 1)
        return f"coalesce(exists({read}, e{depth} -> {inside}), false)" if inside else ""
    condition = test(of, read)
    return f"coalesce({condition}, false)" if condition else ""


def is_like_no_text(of: Type, read: str) -> str:
    """Whether a text that the parser read may have been an object, an array, true or false."""
    if scalar(of) is not _STRING:
        return ""
    return f"startswith({read}, '{{') or startswith({read}, '[') or {read} in ('true', 'false')"


def _any(conditions: Iterable[str]) -> str:
    present = list(filter(None, conditions))
    return f"({' or '.join(present)})" if present else ""


def complaint(of: Type, text: str) -> str:
    """What is wrong with a value, shown as `text`, that is none of this scalar type."""
    row = scalar(of)
    if row is not _DECIMAL:
        return sql.literal(row.complaint)
    whole = of.precision - of.scale
    fits = sql.matches(text, rf"\A-?0*[0-9]{{0,{whole}}}(?![0-9])")
    return (
        f"case when not {_json_number(text)} then {sql.literal(row.complaint)} "
        f"when {sql.matches(text, '[eE]')} then 'does not fit {column_type(of)}' "
        f"when {fits} then 'has more than {of.scale} decimals' "
        f"else 'has more than {whole} digits before the point' end"
    )


def leaves(item: Field, name: str = "") -> list[tuple[str, Type]]:
    """Every scalar in a field, with the name that it, or the array around it, has in the JSON."""
    own = item.name or name
    if item.type.kind == "object":
        return [leaf for each in item.type.fields for leaf in leaves(each, own)]
    if item.type.items:
        return leaves(item.type.items, own)
    return [(own, item.type)]


def marked_value(of: Type, text: str, depth: int = 0) -> str:
    """The column of a value whose tokens are marked: NULL when any part of it is not right."""
    if of.kind == "object":
        return _marked_object(of, text, depth)
    if of.items:
        return _marked_array(of.items, text, depth)
    row, plain = scalar(of), f"p{depth}"
    is_token = marked_json.is_token(text)
    converted = row.convert(of, plain) if row.convert else plain
    if row is _STRING:
        converted = f"if({marked_json.is_no_text(text)}, null, {plain})"
    elif row is _BOOLEAN:
        converted = f"if({is_token}, case {plain} when 'true' then true when 'false' then false end, null)"
    elif row is _INTEGER:
        whole = sql.matches(plain, r"\A-?[0-9]++\z")
        converted = f"if({is_token} and {whole}, try_cast({plain} as bigint), null)"
    elif row is _DOUBLE:
        number = _finite(of, f"try_cast({plain} as double)")
        converted = f"if({is_token} and {_json_number(plain)}, {number}, null)"
    elif row in (_PATTERN_DATE, _PATTERN_TIME):
        converted = f"if({is_token}, null, {converted})"
    return sql.bind(plain, marked_json.unmarked(text), converted)


def _marked_object(of: Type, text: str, depth: int) -> str:
    schema = "struct<" + ", ".join(f"`{each.name}`: string" for each in of.fields) + ">"
    read = marked_json.read(f"if(startswith({text}, '{{'), {text}, null)", schema)
    both = f"b{depth}"
    parts = [
        _marked_is_right(each, f"{both}.t.`{each.name}`", f"{both}.v.`{each.name}`") for each in of.fields
    ]
    right = " and ".join([f"{both}.t is not null", *parts])
    return sql.bind(both, marked_fields(of.fields, read, depth), f"if({right}, {both}.v, null)")


def marked_fields(fields: Iterable[Field], read: str, depth: int = 0) -> str:
    """A struct of `t`, the marked texts of an object's fields, and of `v`, their columns."""
    texts = f"t{depth}"
    values = ", ".join(
        f"'{each.name}', {marked_value(each.type, f'{texts}.`{each.name}`', depth + 1)}" for each in fields
    )
    return sql.bind(texts, read, f"named_struct('t', {texts}, 'v', named_struct({values}))")


def _marked_array(items: Field, text: str, depth: int) -> str:
    read = marked_json.read(f"if(startswith({text}, '['), {text}, null)", "array<string>")
    element, all_of, both = f"t{depth}", f"a{depth}", f"b{depth}"
    inner = marked_value(items.type, element, depth + 1)
    elements = f"transform({read}, {element} -> named_struct('t', {element}, 'v', {inner}))"
    right = f"forall({all_of}, {both} -> {_marked_is_right(items, f'{both}.t', f'{both}.v')})"
    return sql.bind(all_of, elements, f"if({right}, transform({all_of}, {both} -> {both}.v), null)")


def _marked_is_right(item: Field, text: str, converted: str) -> str:
    return f"{converted} is not null" if item.required else f"({text} is null or {converted} is not null)"
