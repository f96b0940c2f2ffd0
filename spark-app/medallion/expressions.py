"""Conditions and arguments of measures, parsed and checked by the orchestrator, as Spark's SQL.

Nothing raises, in ANSI mode either: what is out of range or divided by zero is NULL.
"""

from __future__ import annotations

from typing import Any, Callable

from medallion import sql_text as sql

_FORMS = {
    "not": "(not {})",
    "isNull": "({} is null)",
    "isNotNull": "({} is not null)",
    "between": "({} between {} and {})",
}
_EXACT = {"+": "try_add", "-": "try_subtract", "*": "try_multiply"}


def to_sql(expression: dict[str, Any], column: Callable[[str], str], as_decimal: bool = False) -> str:
    """The tree of an expression as SQL. `column` gives a column's SQL name."""
    op = expression["op"]
    if op == "column":
        return column(expression["name"])
    if op == "literal":
        return typed_literal(expression["type"], expression["value"], as_decimal)
    if "type" in expression:
        return _arithmetic(expression, column)
    args = [to_sql(each, column) for each in expression["args"]]
    if op in ("and", "or"):
        return f"({f' {op} '.join(args)})"
    if op == "in":
        return f"({args[0]} in ({', '.join(args[1:])}))"
    if op in _FORMS:
        return _FORMS[op].format(*args)
    return f"({args[0]} {op} {args[1]})"


def holds(condition: dict[str, Any], column: Callable[[str], str]) -> str:
    """SQL for whether a condition is not false."""
    return f"coalesce({to_sql(condition, column)}, true)"


def typed_literal(kind: str, text: str, as_decimal: bool = False) -> str:
    """A value, written as text, as an SQL literal of this kind."""
    if kind == "integer":
        return f"{text}BD" if as_decimal or len(text.lstrip("-")) > 18 else f"{text}L"
    if kind == "decimal":
        return f"{text}BD"
    if kind == "double":
        return f"{float(text)!r}D"
    if kind == "boolean":
        return text
    if kind in ("date", "timestamp"):
        return f"{kind} {sql.literal(text)}"
    return sql.literal(text)


def _arithmetic(expression: dict[str, Any], column: Callable[[str], str]) -> str:
    op, kind = expression["op"], expression["type"]["kind"]
    args = [to_sql(each, column, as_decimal=kind == "decimal") for each in expression["args"]]
    if kind == "double":
        return _double(op, [f"cast({arg} as double)" for arg in args])
    if op == "negate":
        return f"try_subtract({'0L' if kind == 'integer' else '0BD'}, {args[0]})"
    if op == "%":
        return f"({args[0]} % nullif({args[1]}, 0))"
    return f"{_EXACT[op]}({', '.join(args)})"


def _double(op: str, args: list[str]) -> str:
    if op == "negate":
        return f"(- {args[0]})"
    result = f"{args[0]} {op} {f'nullif({args[1]}, 0D)' if op in '/%' else args[1]}"
    return sql.finite(result)
