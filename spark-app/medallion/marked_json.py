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

_MARK = secrets.token_hex(8)
_TOKEN, _TEXT = f"{_MARK}n", f"{_MARK}t"

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# From the end of the token before: what is read is whole tokens, never the inside of a text.
_TOKENS = rf'\G((?:[^"0-9tf-]++|{_STRING})*+)({sql.NUMBER}|true|false)(?=[ \t\n\r]*+(?:[,\]}}]|\z))'
# A text that is no name and begins with {{, [ or an escape.
_TEXTS = (
    rf'\G((?:[^"]++|"(?![{{\[\\])[^"\\]*+(?:\\.[^"\\]*+)*+"|{_STRING}(?=[ \t\n\r]*+:))*+)'
    r'"(?=[{\[\\])([^"\\]*+(?:\\.[^"\\]*+)*+")'
)


def marked(json: str) -> str:
    """The JSON with its tokens marked."""
    texts = _replaced(json, _TEXTS, f'$1"{_TEXT}$2')
    return _replaced(texts, _TOKENS, f'$1"{_TOKEN}$2"')


def _replaced(text: str, pattern: str, replacement: str) -> str:
    return f"regexp_replace({text}, {sql.literal(pattern)}, {sql.literal(replacement)})"


def is_token(text: str) -> str:
    """Whether a marked value was a number, true or false."""
    return f"startswith({text}, '{_TOKEN}')"


def is_no_text(text: str) -> str:
    """Whether a marked value was true, false, an object or an array: anything but a text or a number."""
    container = f"startswith({text}, '{{') or startswith({text}, '[')"
    return f"({container} or {text} in ('{_TOKEN}true', '{_TOKEN}false'))"


def unmarked(text: str) -> str:
    """A marked scalar as its text, a number to the letter."""
    return f"if(startswith({text}, '{_MARK}'), substring({text}, {len(_MARK) + 2}), {text})"


def bare(text: str) -> str:
    """A marked value without its marks: objects and arrays nearly as they came."""
    return _replaced(f"replace({text}, '{_TEXT}', '')", rf'"?{_TOKEN}([A-Za-z0-9.+-]*+)"?', "$1")


def shown(text: str) -> str:
    """`bare`, with a text in quotation marks."""
    is_text = f"not (startswith({text}, '{_TOKEN}') or startswith({text}, '{{') or startswith({text}, '['))"
    return f"if({is_text}, concat('\"', {bare(text)}, '\"'), {bare(text)})"


def read(json: str, schema: str, **more: str) -> str:
    """The JSON by Spark's parser, with more options."""
    options = ", ".join(f"'{key}', '{option}'" for key, option in {**JSON_OPTIONS, **more}.items())
    return f"from_json({json}, {sql.literal(schema)}, map({options}))"
