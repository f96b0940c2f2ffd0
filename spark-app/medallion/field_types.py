"""A row for each kind of value: its form in JSON, how it is read, and how it is converted to a
column.

The functions take and return SQL expressions. Spark's parser accepts more than the contract: a text
for a number, `true` or an object, a decimal with more digits. So on the fast path it reads only
events that match `pattern`, each field with the type `read_type`. Others are read with their tokens
marked (see `marked_json`), which keeps the JSON type of each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from medallion import marked_json
from medallion import sql_text as sql
from medallion.pipeline import Field, Type


def _same(_: Type, read: str) -> str:
    return read


@dataclass(frozen=True)
class Scalar:
    """How one kind of scalar is read."""

    #: The type of its column; `{0}` is the type of the value.
    column_type: str
    #: A regular expression for the JSON that the parser reads exactly; `null` always is.
    pattern: Callable[[Type], str]
    #: Converts a marked text to the column; NULL when it is not a value of the type.
    marked: Callable[[Type, str], str]
    #: The sentence about a value of another type.
    complaint: str
    #: The type that the parser reads; empty when it is the column's type.
    read_type: str = ""
    #: Converts what the parser read to the column; NULL when it is not a value of the type.
    convert: Callable[[Type, str], str] = _same


def _token(pattern: str, data_type: str) -> Callable[[Type, str], str]:
    return lambda _, text: f"try_cast({marked_json.token(text, pattern)} as {data_type})"


def _text(_: Type, text: str) -> str:
    return f"if({marked_json.is_no_text(text)}, null, {marked_json.unmarked(text)})"


def _finite(_: Type, text: str) -> str:
    return sql.finite(_token(".*", "double")(_, text))


def _decimal(of: Type, text: str) -> str:
    return sql.decimal(marked_json.unmarked(text), of.precision, of.scale)


def _number(precision: int, scale: int) -> str:
    number = sql.plain_number(precision, scale, "{0,20}+")
    return f'{number}|"{number}"'


def _iso(of: Type, text: str) -> str:
    whole = sql.iso_date("iso") if of.kind == "date" else sql.iso_time("iso", of.timezone)
    return sql.bind("iso", marked_json.unmarked(text), whole)


def _iso_time(of: Type, text: str) -> str:
    return sql.cast_iso_time(text) if of.timezone == "UTC" else sql.iso_time(text, of.timezone)


def _in_pattern(of: Type, text: str) -> str:
    time = sql.pattern_time(text, of.format, of.shape, of.timezone or "UTC")
    return f"cast({time} as date)" if of.kind == "date" else time


def _marked_in_pattern(of: Type, text: str) -> str:
    # A number is not a date, though a text of digits may be one.
    is_number = f"startswith({text}, '{marked_json.TOKEN}')"
    return sql.bind(
        "written", f"if({is_number}, null, {marked_json.unmarked(text)})", _in_pattern(of, "written")
    )


def _epoch(of: Type, number: str) -> str:
    return sql.epoch(number, of.epoch)


def _marked_epoch(of: Type, text: str) -> str:
    number = sql.epoch_number(marked_json.unmarked(text), of.epoch)
    return sql.bind("number", number, _epoch(of, "number"))


_WHOLE = "-?(?:0|[1-9][0-9]{0,18}+)"
# Finite, and no longer than the numbers that Jackson reads.
_FINITE = r"-?(?:0|[1-9][0-9]{0,99}+)(?:\.[0-9]{1,99}+)?+(?:[eE][+-]?[0-9]{1,2}+)?+"
# -0 would become the text 0.
_TEXT_OR_WHOLE = rf"{marked_json.STRING}|0|-?[1-9][0-9]*+"

_SCALARS = {
    "string": Scalar("string", lambda _: _TEXT_OR_WHOLE, _text, "is no text"),
    "integer": Scalar(
        *("bigint", lambda _: _WHOLE, _token("-?[0-9]++", "bigint"), "is no whole number of 64 bits")
    ),
    "double": Scalar("double", lambda _: _FINITE, _finite, "is no finite number"),
    "boolean": Scalar(
        *("boolean", lambda _: "true|false", _token("true|false", "boolean"), "is neither true nor false")
    ),
    "decimal": Scalar(
        *("decimal({0.precision},{0.scale})", lambda of: _number(of.precision, of.scale), _decimal),
        "is no number",
    ),
    "date": Scalar(
        *("date", lambda _: f'"{sql.ISO_DATE}"', _iso, "is no date", "string"),
        lambda _, text: f"try_cast({text} as date)",
    ),
    "timestamp": Scalar(
        *("timestamp", lambda _: f'"{sql.ISO_TIME}"', _iso, "is no date", "string"), _iso_time
    ),
}
_EPOCH = Scalar(
    *("timestamp", lambda _: _number(sql.EPOCH_DIGITS, sql.EPOCH_SCALE), _marked_epoch),
    *("is no time since 1970", f"decimal({sql.EPOCH_DIGITS},{sql.EPOCH_SCALE})", _epoch),
)
_IN_PATTERN = Scalar(
    *("{0.kind}", lambda _: marked_json.STRING, _marked_in_pattern, "is no date", "string", _in_pattern)
)


def scalar(of: Type) -> Scalar:
    """The row of a type that is neither object nor array."""
    if of.epoch:
        return _EPOCH
    if of.kind in ("date", "timestamp") and of.format != "iso8601":
        return _IN_PATTERN
    return _SCALARS[of.kind]


def column_type(of: Type) -> str:
    """The type of the column, as DDL."""
    return _ddl(of, lambda leaf: scalar(leaf).column_type.format(leaf))


def read_type(of: Type) -> str:
    """The type that the parser reads, as DDL."""
    return _ddl(of, lambda leaf: scalar(leaf).read_type or column_type(leaf))


def _ddl(of: Type, leaf: Callable[[Type], str]) -> str:
    if of.kind == "object":
        inside = ", ".join(f"{sql.name(each.name)}: {_ddl(each.type, leaf)}" for each in of.fields)
        return f"struct<{inside}>"
    if of.items:
        return f"array<{_ddl(of.items.type, leaf)}>"
    return leaf(of)


def value(of: Type, read: str) -> str:
    """Converts what the parser read to the column; NULL when it is not valid."""
    right = _is_right(of, read) if of.kind in ("object", "array") else ""
    return f"if({right}, {_value(of, read)}, null)" if right else _value(of, read)


def _value(of: Type, read: str, depth: int = 0) -> str:
    if of.kind == "object":
        parts = [(each.name, _value(each.type, sql.member(read, each.name), depth)) for each in of.fields]
        if all(part == sql.member(read, inner) for inner, part in parts):
            return read
        members = ", ".join(f"{sql.literal(inner)}, {part}" for inner, part in parts)
        return f"if({read} is null, null, named_struct({members}))"
    if of.items:
        element = f"e{depth}"
        inner = _value(of.items.type, element, depth + 1)
        return read if inner == element else f"transform({read}, {element} -> {inner})"
    return scalar(of).convert(of, read)


def _is_right(of: Type, read: str, depth: int = 0) -> str:
    """SQL for whether everything that the parser read, unless NULL, has its type. Empty when it
    cannot be wrong.
    """
    if of.kind == "object":
        parts = [_item_is_right(each, sql.member(read, each.name), depth) for each in of.fields]
        inside = " and ".join(filter(None, parts))
        return f"({read} is null or {inside})" if inside else ""
    if of.items:
        inside = _item_is_right(of.items, f"e{depth}", depth + 1)
        return f"({read} is null or forall({read}, e{depth} -> {inside}))" if inside else ""
    column = scalar(of).convert(of, read)
    return f"({read} is null or {column} is not null)" if column != read else ""


def _item_is_right(item: Field, read: str, depth: int) -> str:
    right = _is_right(item.type, read, depth)
    return " and ".join(filter(None, [f"{read} is not null" if item.required else "", right]))


def marked_fields(fields: tuple[Field, ...], read: str, depth: int = 0) -> str:
    """A struct of `t`, the marked texts of an object's fields, and `v`, their values."""
    marked, texts = f"t{depth}", f"s{depth}"
    names = [each.name for each in fields if each.type.kind == "string"]
    values = ", ".join(
        f"{sql.literal(each.name)}, "
        + (
            f"{texts}[{names.index(each.name)}]"
            if each.name in names
            else _marked(each.type, sql.member(marked, each.name), depth + 1)
        )
        for each in fields
    )
    both = f"named_struct('t', {marked}, 'v', named_struct({values}))"
    if names:
        # In one expression, since each expression costs time when Spark plans a batch.
        of = ", ".join(sql.member(marked, name) for name in names)
        both = sql.bind(texts, f"transform(array({of}), text -> {_text(Type('string'), 'text')})", both)
    return sql.bind(marked, read, both)


def _marked(of: Type, text: str, depth: int) -> str:
    """The value of a marked text; for an object or array NULL when any part of it is not valid."""
    if of.kind == "object":
        return _marked_object(of, text, depth)
    return _marked_array(of.items, text, depth) if of.items else scalar(of).marked(of, text)


def _marked_object(of: Type, text: str, depth: int) -> str:
    schema = "struct<" + ", ".join(f"{sql.name(each.name)}: string" for each in of.fields) + ">"
    read = marked_json.read(f"if(startswith({text}, '{{'), {text}, null)", schema)
    both = f"b{depth}"
    parts = [
        _is_kept(each, sql.member(f"{both}.t", each.name), sql.member(f"{both}.v", each.name))
        for each in of.fields
    ]
    right = " and ".join([f"{both}.t is not null", *parts])
    return sql.bind(both, marked_fields(of.fields, read, depth), f"if({right}, {both}.v, null)")


def _marked_array(items: Field, text: str, depth: int) -> str:
    read = marked_json.read(f"if(startswith({text}, '['), {text}, null)", "array<string>")
    element, all_of, both = f"t{depth}", f"a{depth}", f"b{depth}"
    inner = _marked(items.type, element, depth + 1)
    elements = f"transform({read}, {element} -> named_struct('t', {element}, 'v', {inner}))"
    right = f"forall({all_of}, {both} -> {_is_kept(items, f'{both}.t', f'{both}.v')})"
    return sql.bind(all_of, elements, f"if({right}, transform({all_of}, {both} -> {both}.v), null)")


def _is_kept(item: Field, text: str, marked: str) -> str:
    return f"{marked} is not null" if item.required else f"({text} is null or {marked} is not null)"


def complaints(of: Type) -> list[str]:
    """The possible faults of a value that is not of the type; the functions below return the number
    of the one that applies.
    """
    if of.kind in ("object", "array"):
        return [f"is no {of.kind}", "has a part of a wrong type"]
    if of.kind != "decimal":
        return [scalar(of).complaint]
    whole = of.precision - of.scale
    return [
        scalar(of).complaint,
        f"has more than {of.scale} decimals",
        f"has more than {whole} digits before the point",
        f"does not fit {column_type(of)}",
        str(whole),
    ]


def complaint_about_parts(complaints: str, text: str) -> str:
    """The number of the fault of an object or array, given as text."""
    is_one = f"startswith({text}, if({complaints}[0] like '%object', '{{', '['))"
    return f"if({is_one}, 2, 1)"


def complaint_about_number(complaints: str, text: str) -> str:
    """The number of the fault of a text that is not a decimal of the type."""
    whole = f"regexp_extract({text}, '^-?0*+([0-9]*+)', 1)"
    most = f"cast(substring_index({complaints}[4], ' ', -1) as int)"
    is_number, has_exponent = sql.matches(text, sql.JUST_A_NUMBER), sql.matches(text, "[eE]")
    return (
        f"case when not {is_number} then 1 when {has_exponent} then 4 "
        f"when octet_length({whole}) <= {most} then 2 else 3 end"
    )
