"""The parse: Spark's own parser reads every record once, from end to end.

A value that looks like an event of the contract (see `event_pattern`) takes the fast path: it is
read with the fields' types, and is a silver row when the checks of the contract hold. Any other
value has a fault, or has something that the parser would read as something else. Exact validation,
within the same pass, gives its silver row or the reason why it has none (see `exact_validation`).
"""

from __future__ import annotations

import secrets

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import field_types as types
from medallion import marked_json
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.event_pattern import event_pattern
from medallion.exact_validation import exact_outcome
from medallion.expressions import holds, violations
from medallion.pipeline import Field, Pipeline
from medallion.silver import silver_column, silver_columns, silver_value, staged_name

_BROKEN = f"broken_{secrets.token_hex(8)}"


class Parser:
    """The parse of one pipeline. Its columns are made once, since that takes hundreds of calls into
    the JVM.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        bronze = [sql.name(name) for name in BRONZE_COLUMNS]
        made = [each for each in pipeline.fields if _column(each) != _read(each)]
        with_lambda = [each for each in made if _has_lambda(each)]
        others = [each for each in made if not _has_lambda(each)]
        exact = f"if({_is_silver(pipeline)}, null, {exact_outcome(pipeline)}) as exact"
        steps = [
            [*bronze, f"{_read_as_typed(pipeline)} as read"],
            *([[*bronze, "read", *map(_made, with_lambda)]] if with_lambda else []),
            # As few steps as possible: each step copies every column.
            [*bronze, "read", *map(_column, with_lambda), *map(_made, others), exact],
            [*bronze, *_silver(pipeline), "exact.reason", "exact.detail"],
        ]
        self._steps: list[list[Column]] = [[F.expr(column) for column in step] for step in steps]

    def parse(self, records: DataFrame) -> DataFrame:
        """Adds to bronze's columns those of silver, named by `staged_name`, and `reason` and
        `detail`, which are NULL for a silver row. Where there is a reason, silver's columns have no
        meaning.
        """
        for columns in self._steps:
            records = records.select(*columns)
        return records


def _read(each: Field) -> str:
    return sql.name("read", each.name)


def _column(each: Field) -> str:
    """The SQL for a field's final value: the parsed value, unless it has to be converted."""
    is_read = types.value(each.type, _read(each)) == _read(each)
    return _read(each) if is_read else sql.name(f"field_{each.name}")


def _made(each: Field) -> str:
    return f"{types.value(each.type, _read(each))} as {_column(each)}"


def _has_lambda(each: Field) -> bool:
    """Within a step Spark computes a repeated expression only once, except within a lambda."""
    return "->" in types.value(each.type, _read(each))


def _value(each: Field) -> str:
    """The SQL for a field's value in the step that makes `exact`."""
    return _column(each) if _has_lambda(each) else types.value(each.type, _read(each))


def _read_as_typed(pipeline: Pipeline) -> str:
    """The input of the parser; NULL when the value does not look like an event."""
    fields = {**{each.name: types.read_type(each.type) for each in pipeline.fields}, _BROKEN: "string"}
    pattern = event_pattern(_likely_order(pipeline), not pipeline.quarantines_unknown_fields)
    looks_right = f"if({sql.matches('value', pattern)}, value, null)"
    return marked_json.read(looks_right, sql.ddl(fields), columnNameOfCorruptRecord=_BROKEN)


def _likely_order(pipeline: Pipeline) -> tuple[Field, ...]:
    """The fields in the order in which producers are likely to write them: that of raw_csv. It only
    affects speed.
    """
    names = [pipeline.event_time if name == "event_time" else name for name in pipeline.raw_csv_columns]
    places = {name: place for place, name in enumerate(names)}
    return tuple(sorted(pipeline.fields, key=lambda each: places.get(each.name, len(places))))


def _is_silver(pipeline: Pipeline) -> str:
    """SQL for whether a value of the fast path is a silver row."""
    values = {each.name: _value(each) for each in pipeline.fields}
    checks = [f"read is not null and read.`{_BROKEN}` is null"]
    for each in pipeline.fields:
        value = values[each.name]
        if each.required:
            checks.append(f"{value} is not null")
        elif value != _read(each):
            checks.append(f"({_read(each)} is null or {value} is not null)")
        checks += [f"not coalesce({violated}, false)" for violated, _ in violations(each, value)]
    checks += [
        holds(each.expression, lambda path: silver_value(path, pipeline, values.__getitem__))
        for each in pipeline.expect_or_quarantine
    ]
    return " and ".join(checks)


def _silver(pipeline: Pipeline) -> list[str]:
    """Silver's columns that bronze does not have, from the fast path or from exact validation."""
    columns = {each.name: _column(each) for each in pipeline.fields}

    def chosen(name: str) -> str:
        return f"if(exact is null, {columns[name]}, {sql.name('exact', 'event', name)})"

    return [
        f"{silver_column(name, pipeline, chosen)} as {sql.name(staged_name(name))}"
        for name in silver_columns(pipeline)
        if name not in BRONZE_COLUMNS or name != staged_name(name)
    ]
