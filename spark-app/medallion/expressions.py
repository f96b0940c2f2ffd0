"""Constraints of the contract, conditions, and arguments of measures, as Spark SQL. The
orchestrator has parsed and checked them.

Nothing raises, not even in ANSI mode: a result that is out of range or divided by zero is NULL.
"""

from __future__ import annotations

from typing import Any, Callable

from medallion import sql_text as sql
from medallion.pipeline import Field

_FORMS = {
    "not": "(not {})",
    "isNull": "({} is null)",
    "isNotNull": "({} is not null)",
    "between": "({} between {} and {})",
}
_EXACT = {"+": "try_add", "-": "try_subtract", "*": "try_multiply"}
#: For each constraint with a bound: what is compared with it, how, and the text for a violation.
_BOUNDS = {
    "minimum": ("", "<", "is less than {}"),
    "maximum": ("", ">", "is more than {}"),
    "exclusiveMinimum": ("", "<=", "is not more than {}"),
    "exclusiveMaximum": ("", ">=", "is not less than {}"),
    "minLength": ("char_length", "<", "has fewer than {} characters"),
    "maxLength": ("char_length", ">", "has more than {} characters"),
    # array_size of NULL is NULL; size would be -1.
    "minItems": ("array_size", "<", "has fewer than {} elements"),
    "maxItems": ("array_size", ">", "has more than {} elements"),
}


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
    """The SQL literal of this kind for a value that is given as text."""
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


def violations(item: Field, column: str) -> list[tuple[str, str]]:
    """For each constraint of a field: the SQL condition of its violation, and the text for it.

    Within an object or array there is one text, about a part of it.
    """
    own = [_violation(item, column, name, bound) for name, bound in item.constraints.items()]
    inside = _any_inside(item, column)
    return own + ([(inside, "has a part that breaks a constraint")] if inside else [])


def _violation(item: Field, column: str, name: str, bound: object) -> tuple[str, str]:
    kind = item.type.kind
    if name in _BOUNDS:
        size, operator, problem = _BOUNDS[name]
        limit = bound if size else typed_literal(kind, str(bound))
        return f"{f'{size}({column})' if size else column} {operator} {limit}", problem.format(bound)
    if name == "multipleOf":
        return f"{column} % {bound}BD <> 0", f"is no multiple of {bound}"
    texts = [str(each) for each in bound] if isinstance(bound, list) else []
    if name == "patterns":
        broken = [f"not {sql.matches(column, each)}" for each in texts]
        return f"({' or '.join(broken)})", f"does not match {' and '.join(texts)}"
    if name == "validValues":
        values = ", ".join(typed_literal(kind, each) for each in texts)
        return f"{column} not in ({values})", f"is none of {', '.join(texts)}"
    raise ValueError(f"{item.name} has the constraint {name}, which this job does not know")


def _any_inside(item: Field, column: str, depth: int = 0) -> str:
    """SQL for whether a constraint of a part is violated. Empty when no part has one."""
    if item.type.items:
        element = f"c{depth}"
        condition = _any_of(item.type.items, element, depth + 1)
        return f"exists({column}, {element} -> {condition})" if condition else ""
    parts = [_any_of(each, sql.member(column, each.name), depth) for each in item.type.fields]
    return " or ".join(filter(None, parts))


def _any_of(item: Field, column: str, depth: int) -> str:
    own = [_violation(item, column, name, bound)[0] for name, bound in item.constraints.items()]
    conditions = list(filter(None, [*own, _any_inside(item, column, depth)]))
    return f"coalesce({' or '.join(conditions)}, false)" if conditions else ""
