"""A row for each kind of value: how the parser reads it, and how that becomes a column.

The functions take and give expressions of SQL. The parser reads a JSON number, `true`, an object or an array
as a text without telling them from one, and makes decimals of more texts than it should. Where that matters
the value is read again with its tokens marked: see `marked_json`. What a marked text is, is given with the
type that the parser reads, so that one expression makes a column of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, Optional

from medallion import marked_json
from medallion import sql_text as sql
from medallion.pipeline import Field, Type

_LARGEST_DOUBLE = "1.7976931348623157e308D"
BLANK = r"[ \t\n\r]*+"
_ENDS = r"(?=[ \t\n\r,}\]])"
#: A JSON text, and a number that the parser keeps to the letter as one.
_PLAIN_TEXT = rf"(?:{marked_json.STRING}|null|-?[1-9][0-9]*+{_ENDS})"
_PLAIN_PATTERN = rf"(?:{marked_json.STRING}|null)"
_JAVA_NUMBER = r"\A-?[0-9]++\.[0-9]++(?:E-?[0-9]++)?+\z"
# What the parser makes of other tokens; 0 may have been -0, and what is infinite comes in quotation marks.
_OTHERS = """'true', 'false', '0', '"Infinity"', '"-Infinity"'"""


@dataclass(frozen=True)
class Scalar:
    """How one kind of scalar is read."""

    #: The type of its column.
    column_type: Callable[[Type], str]
    #: The type that the parser reads, and that `marked` gives.
    read_type: str
    #: What a marked text is; NULL, or a text that `convert` refuses, when it is no value of the type.
    marked: Callable[[Type, str], str]
    #: What was read as a column: NULL when it is no value of the type. None: as it is.
    convert: Optional[Callable[[Type, str], str]]
    #: What a value of another type is said to be.
    complaint: str
    #: The JSON tokens that the parser reads exactly, of those that it takes. None: all.
    plain: Optional[Callable[[Type], str]] = None
    #: Whether the parser may have made a text of another token. None: the JSON tells, before it is parsed.
    suspicious: Optional[Callable[[str], str]] = None


def _token(pattern: str, data_type: str) -> Callable[[Type, str], str]:
    return lambda _, text: f"try_cast({marked_json.token(text, pattern)} as {data_type})"


def _unmarked(_: Type, text: str) -> str:
    return marked_json.unmarked(text)


def _text(_: Type, text: str) -> str:
    return f"if({marked_json.is_no_text(text)}, null, {marked_json.unmarked(text)})"


def _no_number(_: Type, text: str) -> str:
    return f"if(startswith({text}, '{marked_json.TOKEN}'), null, {marked_json.unmarked(text)})"


def _may_be_no_text(text: str) -> str:
    number = f"{text} < ':' and contains({text}, '.') and {sql.matches(text, _JAVA_NUMBER)}"
    return f"{text} in ({_OTHERS}) or startswith({text}, '{{') or startswith({text}, '[') or {number}"


def _finite(_: Type, number: str) -> str:
    return f"if(abs({number}) <= {_LARGEST_DOUBLE}, {number}, null)"


def _decimal(of: Type, text: str) -> str:
    return sql.decimal(marked_json.unmarked(text), of.precision, of.scale)


def _decimal_type(of: Type) -> str:
    return f"decimal({of.precision},{of.scale})"


def _plain_number(precision: int, scale: int) -> str:
    number = sql.plain_number(precision, scale, "{0,20}+")
    return rf'(?:{number}{_ENDS}|"{number}"|null)'


def _date(of: Type, text: str) -> str:
    if of.format == "iso8601":
        return sql.iso_date(text)
    return f"cast({_time(of, text)} as date)"


def _time(of: Type, text: str) -> str:
    if of.format == "iso8601":
        return sql.iso_time(text, of.timezone)
    return sql.pattern_time(text, of.format, of.shape, of.timezone or "UTC")


def _epoch(_: Type, text: str) -> str:
    return sql.epoch_number(marked_json.unmarked(text))


_EPOCH_TYPE = f"decimal({sql.EPOCH_DIGITS},{sql.EPOCH_SCALE})"
_PLAIN_EPOCH = _plain_number(sql.EPOCH_DIGITS, sql.EPOCH_SCALE)
_STRING = Scalar(
    *(lambda _: "string", "string", _text, None, "is no text", lambda _: _PLAIN_TEXT),
    _may_be_no_text,
)
_DOUBLE = Scalar(lambda _: "double", "double", _token(".*", "double"), _finite, "is no finite number")
_INTEGER = Scalar(
    *(lambda _: "bigint", "bigint", _token("-?[0-9]++", "bigint"), None, "is no whole number of 64 bits")
)
_BOOLEAN = Scalar(
    *(lambda _: "boolean", "boolean", _token("true|false", "boolean"), None, "is neither true nor false")
)
_DECIMAL = Scalar(
    *(_decimal_type, "", _decimal, None, "is no number"), lambda of: _plain_number(of.precision, of.scale)
)
_EPOCH = Scalar(
    *(lambda _: "timestamp", _EPOCH_TYPE, _epoch, lambda of, number: sql.epoch(number, of.epoch)),
    *("is no time since 1970", lambda _: _PLAIN_EPOCH),
)
_DATE = Scalar(lambda _: "date", "string", _unmarked, _date, "is no date")
_TIME = Scalar(lambda _: "timestamp", "string", _unmarked, _time, "is no date")
# The text may be all digits, and a number is no date.
_DIGITS = (lambda _: _PLAIN_PATTERN, lambda text: f"{text} < ':' and {sql.matches(text, sql.JUST_A_NUMBER)}")
_PATTERN_DATE = Scalar(lambda _: "date", "string", _no_number, _date, "is no date", *_DIGITS)
_PATTERN_TIME = Scalar(lambda _: "timestamp", "string", _no_number, _time, "is no date", *_DIGITS)

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
    return _ddl(of, lambda leaf: scalar(leaf).read_type or column_type(leaf))


def _ddl(of: Type, leaf: Callable[[Type], str]) -> str:
    if of.kind == "object":
        inside = ", ".join(f"`{each.name}`: {_ddl(each.type, leaf)}" for each in of.fields)
        return f"struct<{inside}>"
    if of.items:
        return f"array<{_ddl(of.items.type, leaf)}>"
    return leaf(of)


def value(of: Type, read: str) -> str:
    """What was read as a column; NULL when it is not right."""
    right = _is_right(of, read) if of.kind in ("object", "array") else ""
    return f"if({right}, {_value(of, read)}, null)" if right else _value(of, read)


def _value(of: Type, read: str, depth: int = 0) -> str:
    if of.kind == "object":
        parts = [(each.name, _value(each.type, f"{read}.`{each.name}`", depth)) for each in of.fields]
        if all(part == f"{read}.`{inner}`" for inner, part in parts):
            return read
        members = ", ".join(f"'{inner}', {part}" for inner, part in parts)
        return f"if({read} is null, null, named_struct({members}))"
    if of.items:
        element = f"e{depth}"
        inner = _value(of.items.type, element, depth + 1)
        return read if inner == element else f"transform({read}, {element} -> {inner})"
    convert = scalar(of).convert
    return convert(of, read) if convert else read


def _is_right(of: Type, read: str, depth: int = 0) -> str:
    """Whether all of what was read, if it is not NULL, has its type. Empty when it cannot be wrong."""
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
    right = _is_right(item.type, read, depth)
    return " and ".join(filter(None, [f"{read} is not null" if item.required else "", right]))


def complaints(of: Type) -> list[str]:
    """What may be wrong with a value that is none of the type; the functions below tell which it is."""
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
    """The number of the complaint about an object or array, given as text."""
    is_one = f"startswith({text}, if({complaints}[0] like '%object', '{{', '['))"
    return f"if({is_one}, 2, 1)"


def complaint_about_number(complaints: str, text: str) -> str:
    """The number of the complaint about a text that is no decimal of the type."""
    whole = f"regexp_extract({text}, '^-?0*+([0-9]*+)', 1)"
    most = f"cast(substring_index({complaints}[4], ' ', -1) as int)"
    is_number, has_exponent = sql.matches(text, sql.JUST_A_NUMBER), sql.matches(text, "[eE]")
    return (
        f"case when not {is_number} then 1 when {has_exponent} then 4 "
        f"when octet_length({whole}) <= {most} then 2 else 3 end"
    )


@dataclass(frozen=True)
class Leaf:
    """A scalar in the JSON, or the arrays of it: `path` is SQL for what was read, an array inside arrays."""

    name: str
    type: Type
    path: str
    in_array: bool

    @property
    def scalar(self) -> Scalar:
        of = self.type
        while of.items:
            of = of.items.type
        return scalar(of)

    @property
    def suspicious(self) -> str:
        """Whether what was read may have been another token. Empty when the JSON tells before."""
        test = self.scalar.suspicious
        if not test:
            return ""
        return f"exists({self.path}, s -> {test('s')})" if self.in_array else test(self.path)

    @property
    def plain(self) -> str:
        """A regular expression for what the parser reads exactly."""
        return _plain(self.type)


def _plain(of: Type) -> str:
    if of.items:
        item = _plain(of.items.type)
        return rf"(?:\[{BLANK}(?:{item}(?:{BLANK},{BLANK}{item})*+)?+{BLANK}\]|null)"
    plain = scalar(of).plain
    assert plain
    return plain(of)


def leaves(fields: Iterable[Field], read: str, in_array: bool = False) -> list[Leaf]:
    """Every scalar that the parser may not read exactly."""
    return [leaf for each in fields for leaf in _leaves(each, f"{read}.`{each.name}`", in_array)]


def _leaves(item: Field, path: str, in_array: bool) -> list[Leaf]:
    of, inner = item.type, item.type
    while inner.items:
        path = f"flatten(array_compact({path}))" if in_array else path
        inner, in_array = inner.items.type, True
    if inner.kind == "object":
        return leaves(inner.fields, path, in_array)
    return [Leaf(item.name, of, path, in_array)] if scalar(inner).plain else []


def marked_fields(fields: Iterable[Field], read: str, depth: int = 0) -> str:
    """A struct of `t`, the marked texts of an object's fields, and of `v`, what they are."""
    texts = f"t{depth}"
    values = ", ".join(
        f"'{each.name}', {_marked(each.type, f'{texts}.`{each.name}`', depth + 1)}" for each in fields
    )
    return sql.bind(texts, read, f"named_struct('t', {texts}, 'v', named_struct({values}))")


def _marked(of: Type, text: str, depth: int) -> str:
    """What a marked text is; of an object or array NULL when any part of it is not right."""
    if of.kind == "object":
        return _marked_object(of, text, depth)
    return _marked_array(of.items, text, depth) if of.items else scalar(of).marked(of, text)


def _marked_object(of: Type, text: str, depth: int) -> str:
    schema = "struct<" + ", ".join(f"`{each.name}`: string" for each in of.fields) + ">"
    read = marked_json.read(f"if(startswith({text}, '{{'), {text}, null)", schema)
    both = f"b{depth}"
    parts = [_is_kept(f"{both}.t.`{each.name}`", f"{both}.v.`{each.name}`") for each in of.fields]
    right = " and ".join([f"{both}.t is not null", *parts])
    return sql.bind(both, marked_fields(of.fields, read, depth), f"if({right}, {both}.v, null)")


def _marked_array(items: Field, text: str, depth: int) -> str:
    read = marked_json.read(f"if(startswith({text}, '['), {text}, null)", "array<string>")
    element, all_of, both = f"t{depth}", f"a{depth}", f"b{depth}"
    inner = _marked(items.type, element, depth + 1)
    elements = f"transform({read}, {element} -> named_struct('t', {element}, 'v', {inner}))"
    right = f"forall({all_of}, {both} -> {_is_kept(f'{both}.t', f'{both}.v')})"
    return sql.bind(all_of, elements, f"if({right}, transform({all_of}, {both} -> {both}.v), null)")


def _is_kept(text: str, marked: str) -> str:
    return f"({text} is null or {marked} is not null)"
