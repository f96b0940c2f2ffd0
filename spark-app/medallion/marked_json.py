"""JSON whose tokens are marked, so that their types are known after a parser has read everything as
text.

Every number, true and false becomes a text with a mark in front. A text that begins like an object
or an array, or with an escape, gets another mark. Broken JSON stays broken. The marks are random
for each process, so that no value can contain them.
"""

from __future__ import annotations

import secrets

from medallion import sql_text as sql

#: RFC 8259 only: Spark's defaults would also take NaN, Infinity and 'single quotes'.
JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "allowNonNumericNumbers": "false",
    "allowSingleQuotes": "false",
    "timeZone": "UTC",
}

MARK = secrets.token_hex(8)
#: The beginning of a marked number, true or false.
TOKEN = f"{MARK}n"
_TEXT = f"{MARK}t"

#: A string of JSON, as a regular expression.
STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Jackson refuses longer numbers, so these are not marked.
_NO_LONG_NUMBER = "(?!(?:[.eE+-]*+[0-9]){1001})"
# Each match continues at the end of the token before, so only whole tokens match, never the inside
# of a text.
_TOKENS = (
    rf'\G((?:[^"0-9tf-]++|{STRING})*+){_NO_LONG_NUMBER}({sql.NUMBER}|true|false)(?=[ \t\n\r]*+(?:[,\]}}]|\z))'
)
# A text that is not a name and begins with {{, [ or an escape.
_TEXTS = (
    rf'\G((?:[^"]++|"(?![{{\[\\])[^"\\]*+(?:\\.[^"\\]*+)*+"|{STRING}(?=[ \t\n\r]*+:))*+)'
    r'"(?=[{\[\\])([^"\\]*+(?:\\.[^"\\]*+)*+")'
)


def marked(json: str) -> str:
    """The JSON with its tokens marked."""
    return sql.replaced(sql.replaced(json, _TEXTS, f'$1"{_TEXT}$2'), _TOKENS, f'$1"{TOKEN}$2"')


def is_no_text(text: str) -> str:
    """Whether a marked value was true, false, an object or an array: anything but a text or a
    number.
    """
    beginnings = ("{", "[", f"{TOKEN}t", f"{TOKEN}f")
    return f"({' or '.join(f'startswith({text}, {sql.literal(each)})' for each in beginnings)})"


def token(text: str, pattern: str) -> str:
    """The number, true or false of a marked value, if it matches; otherwise an empty text."""
    return f"regexp_extract({text}, {sql.literal(rf'^{TOKEN}({pattern})$')}, 1)"


def unmarked(text: str) -> str:
    """A marked scalar as its text; a number keeps its spelling."""
    return f"if(startswith({text}, '{MARK}'), substring({text}, {len(TOKEN) + 1}), {text})"


def bare(text: str) -> str:
    """A marked value without its marks. Objects and arrays are nearly as they came."""
    return sql.replaced(text, rf'"?{TOKEN}([A-Za-z0-9.+-]*+)"?|{_TEXT}', "$1")


def read(json: str, schema: str, **more: str) -> str:
    """SQL for parsing the JSON with Spark's parser, with more options."""
    options = ", ".join(f"'{key}', '{option}'" for key, option in {**JSON_OPTIONS, **more}.items())
    return f"from_json({json}, {sql.literal(schema)}, map({options}))"
