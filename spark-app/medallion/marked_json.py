"""JSON whose tokens are marked, so that a parser that reads everything as text still tells what it was.

Every number, true and false becomes a text behind a mark; a text that begins as an object or an array does,
or with an escape, gets another mark. What is broken JSON stays broken. The marks are random for each process,
so that no value can hold them.
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
#: What a marked number, true or false begins with.
TOKEN = f"{MARK}n"
_TEXT = f"{MARK}t"

#: A string of JSON, as a regular expression.
STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Jackson refuses longer numbers, which stay as they are.
_NO_LONG_NUMBER = "(?!(?:[.eE+-]*+[0-9]){1001})"
# From the end of the token before: what is read is whole tokens, never the inside of a text.
_TOKENS = (
    rf'\G((?:[^"0-9tf-]++|{STRING})*+){_NO_LONG_NUMBER}({sql.NUMBER}|true|false)(?=[ \t\n\r]*+(?:[,\]}}]|\z))'
)
# A text that is no name and begins with {{, [ or an escape.
_TEXTS = (
    rf'\G((?:[^"]++|"(?![{{\[\\])[^"\\]*+(?:\\.[^"\\]*+)*+"|{STRING}(?=[ \t\n\r]*+:))*+)'
    r'"(?=[{\[\\])([^"\\]*+(?:\\.[^"\\]*+)*+")'
)


def marked(json: str) -> str:
    """The JSON with its tokens marked."""
    return sql.replaced(sql.replaced(json, _TEXTS, f'$1"{_TEXT}$2'), _TOKENS, f'$1"{TOKEN}$2"')


def is_no_text(text: str) -> str:
    """Whether a marked value was true, false, an object or an array: anything but a text or a number."""
    beginnings = ("{", "[", f"{TOKEN}t", f"{TOKEN}f")
    return f"({' or '.join(f'startswith({text}, {sql.literal(each)})' for each in beginnings)})"


def token(text: str, pattern: str) -> str:
    """The number, true or false that a marked value was, if it matches; otherwise an empty text."""
    return f"regexp_extract({text}, {sql.literal(rf'^{TOKEN}({pattern})$')}, 1)"


def unmarked(text: str) -> str:
    """A marked scalar as its text, a number to the letter."""
    return f"if(startswith({text}, '{MARK}'), substring({text}, {len(TOKEN) + 1}), {text})"


def bare(text: str) -> str:
    """A marked value without its marks: objects and arrays nearly as they came."""
    return sql.replaced(text, rf'"?{TOKEN}([A-Za-z0-9.+-]*+)"?|{_TEXT}', "$1")


def read(json: str, schema: str, **more: str) -> str:
    """The JSON by Spark's parser, with more options."""
    options = ", ".join(f"'{key}', '{option}'" for key, option in {**JSON_OPTIONS, **more}.items())
    return f"from_json({json}, {sql.literal(schema)}, map({options}))"
