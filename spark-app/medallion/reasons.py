"""Why a record is no silver row: the first reason that applies, and in words which part of it was wrong.

Works on the columns between the steps of `parse`: a `field_<name>` for each field, `read` and `marked` with
what the parser read, `is_object` and `unknown_names`.
"""

from __future__ import annotations

from medallion import field_types as types
from medallion import marked_json
from medallion import sql_text as sql
from medallion.constraints import violations
from medallion.expressions import to_sql
from medallion.pipeline import KAFKA_TS, LINEAGE, Field, Pipeline

#: Characters of a value that a detail shows.
_SHOWN = 100
_BYTES = "if(value_bytes is null, cast(value as binary), value_bytes)"
#: What Confluent's serializers put before a value: a zero byte, and the schema's id in four bytes.
_HAS_REGISTRY_HEADER = f"startswith(value, '\\0') and octet_length({_BYTES}) >= 5"


def field_column(name: str) -> str:
    """The column of a field between the steps."""
    return f"field_{name}"


def silver_column(path: str, pipeline: Pipeline) -> str:
    """The SQL name of a silver column, or of a part of one (`customer.country`), between the steps."""
    name, *inside = path.split(".")
    if name in (KAFKA_TS, *LINEAGE):
        return sql.name(name)
    if name == "event_time":
        name = pipeline.event_time
        return sql.name(name) if name == KAFKA_TS else sql.name(field_column(name))
    return sql.name(field_column(name), *inside)


def verdict(pipeline: Pipeline) -> str:
    """A struct of `reason` and `detail` by the first check that a record fails, NULL for a silver row."""
    checks = _checks(pipeline)
    number = _case([(condition, str(index)) for index, (_, condition, _) in enumerate(checks, 1)])
    names = ", ".join(sql.literal(name) for name, _, _ in checks)
    detail = _case([(f"number = {index}", text) for index, (_, _, text) in enumerate(checks, 1)])
    words = f"named_struct('reason', element_at(array({names}), number), 'detail', {detail})"
    return f"if({number} is null, null, {sql.bind('number', number, words)})"


def _checks(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    """Reason, condition and detail, in order."""
    required = [check for each in pipeline.fields if each.required for check in _required(each)]
    optional = [
        ("wrong_type", _is_wrong(each), _complaint(each)) for each in pipeline.fields if not each.required
    ]
    unknown = ("unknown_field", "size(unknown_names) > 0", _cut("concat_ws(', ', unknown_names)"))
    constraints = [
        (f"bad_{each.name}", condition, _sentence(each.name, sql.name(field_column(each.name)), problem))
        for each in pipeline.fields
        for condition, problem in violations(each, sql.name(field_column(each.name)))
    ]
    expectations = [
        (each.name, f"not {_holds(each.expression, pipeline)}", sql.literal(f"{each.sql} is false"))
        for each in pipeline.expect_or_quarantine
    ]
    return [
        ("null_value", "value is null", "'the record has no value'"),
        ("schema_registry_header", _HAS_REGISTRY_HEADER, _registry_detail()),
        ("not_json_object", "not is_object", _cut("if(value = '', 'the value is empty', value)")),
        *required,
        *optional,
        *([unknown] if pipeline.quarantines_unknown_fields else []),
        *constraints,
        *expectations,
    ]


def _required(each: Field) -> list[tuple[str, str, str]]:
    missing = sql.literal(f"{each.name}: not there, or null")
    return [
        (f"missing_{each.name}", f"not {_is_given(each)}", missing),
        (f"bad_{each.name}", f"{sql.name(field_column(each.name))} is null", _complaint(each)),
    ]


def _is_given(each: Field) -> str:
    read, marked = sql.name("read", each.name), sql.name("marked", "t", each.name)
    return f"if(marked is null, {read} is not null, {marked} is not null)"


def _is_wrong(each: Field) -> str:
    return f"({sql.name(field_column(each.name))} is null and {_is_given(each)})"


def _holds(expression: dict[str, object], pipeline: Pipeline) -> str:
    """Whether a condition is not false."""
    condition = to_sql(expression, lambda path: silver_column(path, pipeline))
    return f"coalesce({condition}, true)"


def _complaint(each: Field) -> str:
    """`amount: 1.005 has more than 2 decimals`."""
    read, marked = sql.name("read", each.name), sql.name("marked", "t", each.name)
    if each.type.kind in ("object", "array"):
        article = "no object" if each.type.kind == "object" else "no array"
        opening = "{" if each.type.kind == "object" else "["
        text = f"if(marked is null, to_json({read}), {marked_json.shown(marked)})"
        problem = f"if(startswith(shown, '{opening}'), 'has a part of a wrong type', 'is {article}')"
        return _sentence(each.name, text, problem)
    row = types.scalar(each.type)
    shown = marked_json.bare(marked) if row.read_type == "string" else marked_json.shown(marked)
    text = f"if(marked is null, cast({read} as string), {shown})"
    return _sentence(each.name, text, types.complaint(each.type, "shown"))


def _sentence(name: str, text: str, problem: str) -> str:
    """The field's name, its value and the problem, in which the value is called `shown`."""
    body = f"concat('{name}: ', {_cut('shown')}, ' ', {problem})"
    return sql.bind("shown", f"cast({text} as string)", body)


def _cut(text: str) -> str:
    pattern, shorter = sql.literal(rf"\A((?s:.{{{_SHOWN}}}))(?s:.+)\z"), sql.literal("$1…")
    return f"regexp_replace({text}, {pattern}, {shorter})"


def _registry_detail() -> str:
    schema = f"conv(hex(substring({_BYTES}, 2, 4)), 16, 10)"
    return f"concat('begins with a Schema Registry header, schema id ', {schema})"


def _case(branches: list[tuple[str, str]]) -> str:
    return f"case {' '.join(f'when {condition} then {result}' for condition, result in branches)} end"
