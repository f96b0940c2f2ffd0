"""A regular expression for the events of a contract that Spark's parser reads exactly (see
`field_types`).

It is possessive throughout, so that a value is read once from its beginning to its end. In a loop
that may backtrack java.util.regex would also need a stack frame for each iteration. The expression
may reject valid events, and may accept broken JSON, which the parser detects. It never accepts a
value that the parser would read as something else.
"""

from __future__ import annotations

import json
import re

from medallion.field_types import scalar
from medallion.marked_json import STRING
from medallion.pipeline import Field, Type
from medallion.sql_text import NUMBER

_BLANK = r"[ \t\n\r]*+"
_COLON = ": ?+"
#: Separators between members. The parser detects a missing or additional one.
_COMMA = f",?+{_BLANK}"
_SCALAR = f"{STRING}|{NUMBER}|true|false|null"
#: The deepest nesting of a member that the contract does not have.
_DEPTH = 8


def event_pattern(fields: tuple[Field, ...], takes_unknown: bool) -> str:
    """The expression for a whole value. With `takes_unknown` an event may have members that the
    contract does not have.
    """
    return rf"\A{_BLANK}{_object(fields, takes_unknown)}{_BLANK}\z"


def _object(fields: tuple[Field, ...], takes_unknown: bool = True) -> str:
    # All members in order, each of them optional, repeated for members in another order. For an
    # event in this order Java's matcher takes half as long as for a choice between all names.
    members = [f"{_name(each)}{_COLON}{_pattern(each.type)}" for each in fields]
    if takes_unknown:
        # Names with an escape do not match: they could be one of the contract's.
        known = "|".join(map(_name, fields))
        members.append(rf'(?!{known})"[^"\\]*+"{_COLON}{_any(_DEPTH)}')
    in_order = "".join(f"(?:{member}{_COMMA})?+" for member in members)
    return rf'\{{{_BLANK}(?:(?="){in_order})*+\}}'


def _name(each: Field) -> str:
    """A name in quotation marks, as JSON has it with as few escapes as possible."""
    return re.escape(json.dumps(each.name, ensure_ascii=False))


def _pattern(of: Type) -> str:
    if of.kind == "object":
        return rf"(?:{_object(of.fields)}|null)"
    if of.items:
        return rf"(?:{_array(_pattern(of.items.type))}|null)"
    return f"(?:{scalar(of).pattern(of)}|null)"


def _array(item: str) -> str:
    return rf"\[{_BLANK}(?:{item}(?:,{_BLANK}|{_BLANK}(?=\])))*+\]"


def _any(depth: int) -> str:
    """Any JSON that is nested no deeper, and some that is broken."""
    inner = ""
    for _ in range(depth):
        item = f"(?:{STRING}{_COLON})?+(?:{inner}{_SCALAR})"
        inner = rf"[{{\[]{_BLANK}(?:{item}{_BLANK}{_COMMA})*+[}}\]]|"
    return f"(?:{inner}{_SCALAR})"
