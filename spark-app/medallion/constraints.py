"""What a value that is there has to satisfy, and in words which constraint it does not."""

from __future__ import annotations

from medallion import sql_text as sql
from medallion.expressions import typed_literal
from medallion.pipeline import Field

_LIMITS = {
    "minimum": ("<", "is less than"),
    "maximum": (">", "is more than"),
    "exclusiveMinimum": ("<=", "is not more than"),
    "exclusiveMaximum": (">=", "is not less than"),
}
_SIZES = {
    "minLength": ("char_length", "<", "has fewer than {} characters"),
    "maxLength": ("char_length", ">", "has more than {} characters"),
    "minItems": ("size", "<", "has fewer than {} elements"),
    "maxItems": ("size", ">", "has more than {} elements"),
}


def violations(item: Field, column: str) -> list[tuple[str, str]]:
    """For each constraint of a field: the SQL condition that it is violated, and what to say then.

    Inside an object or array the first one is said to be of a part of it.
    """
    own = [_violation(item, column, name, bound) for name, bound in item.constraints.items()]
    inside = _any_inside(item, column)
    return own + ([(inside, "has a part that breaks a constraint")] if inside else [])


def _violation(item: Field, column: str, name: str, bound: object) -> tuple[str, str]:
    kind = item.type.kind
    if name in _LIMITS:
        operator, problem = _LIMITS[name]
        return f"{column} {operator} {typed_literal(kind, str(bound))}", f"{problem} {bound}"
    if name in _SIZES:
        function, operator, problem = _SIZES[name]
        return f"{function}({column}) {operator} {bound}", problem.format(bound)
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
    """Whether a constraint of a part is violated. Empty when no part has one."""
    if item.type.items:
        element = f"c{depth}"
        condition = _any_of(item.type.items, element, depth + 1)
        return f"exists({column}, {element} -> {condition})" if condition else ""
    parts = [_any_of(each, f"{column}.`{each.name}`", depth) for each in item.type.fields]
    return " or ".join(filter(None, parts))


def _any_of(item: Field, column: str, depth: int) -> str:
    own = [_violation(item, column, name, bound)[0] for name, bound in item.constraints.items()]
    conditions = list(filter(None, [*own, _any_inside(item, column, depth)]))
    return f"coalesce({' or '.join(conditions)}, false)" if conditions else ""
