"""The one parse: every record is read once by Spark's own parser, from end to end.

A value that looks like an event of the contract (see `event_pattern`) is read with the fields' types, and is
a silver row when the checks of the contract hold. Any other value has a fault, or something that the parser
would read as something else: it is read exactly, within the same pass, which tells what it has or why it is
no silver row (see `exact_validation`).
"""

from __future__ import annotations

import secrets

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import field_types as types
from medallion import marked_json
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.constraints import violations
from medallion.event_pattern import event_pattern
from medallion.exact_validation import exact_outcome
from medallion.expressions import holds
from medallion.pipeline import Field, Pipeline
from medallion.silver import silver_column, silver_columns, staged_name

_BROKEN = f"broken_{secrets.token_hex(8)}"


class Parser:
    """The parse of one pipeline. Its columns are made once: that takes hundreds of calls into the JVM."""

    def __init__(self, pipeline: Pipeline) -> None:
        bronze = [sql.name(name) for name in BRONZE_COLUMNS]
        typed = [f"{types.value(each.type, _read(each))} as {_typed(each.name)}" for each in pipeline.fields]
        fields = [_typed(each.name) for each in pipeline.fields]
        exact = f"if({_is_silver(pipeline)}, null, {exact_outcome(pipeline)}) as exact"
        steps = [
            [*bronze, f"{_read_as_typed(pipeline)} as read"],
            [*bronze, "read", *typed],
            [*bronze, *fields, exact],
            [*bronze, *_silver(pipeline), "exact.reason", "exact.detail"],
        ]
        self._steps: list[list[Column]] = [[F.expr(column) for column in step] for step in steps]

    def parse(self, records: DataFrame) -> DataFrame:
        """Takes bronze's columns. Adds those of silver, named by `staged_name`, and `reason` with `detail`,
        which are NULL for a silver row. Where there is a reason, silver's columns mean nothing.
        """
        for columns in self._steps:
            records = records.select(*columns)
        return records


def _read(each: Field) -> str:
    return sql.name("read", each.name)


def _typed(name: str) -> str:
    return sql.name(f"field_{name}")


def _read_as_typed(pipeline: Pipeline) -> str:
    """What the parser reads; NULL when the value does not look like an event."""
    fields = {**{each.name: types.read_type(each.type) for each in pipeline.fields}, _BROKEN: "string"}
    pattern = event_pattern(pipeline.fields, not pipeline.quarantines_unknown_fields)
    looks_right = f"if({sql.matches('value', pattern)}, value, null)"
    return marked_json.read(looks_right, sql.ddl(fields), columnNameOfCorruptRecord=_BROKEN)


def _is_silver(pipeline: Pipeline) -> str:
    """Whether what was read is a silver row."""
    checks = [f"read is not null and read.`{_BROKEN}` is null"]
    for each in pipeline.fields:
        column = _typed(each.name)
        if each.required:
            checks.append(f"{column} is not null")
        elif types.value(each.type, _read(each)) != _read(each):
            checks.append(f"({_read(each)} is null or {column} is not null)")
        checks += [f"not coalesce({violated}, false)" for violated, _ in violations(each, column)]
    checks += [
        holds(each.expression, lambda path: silver_column(path, pipeline, _typed))
        for each in pipeline.expect_or_quarantine
    ]
    return " and ".join(checks)


def _silver(pipeline: Pipeline) -> list[str]:
    """Silver's columns that are not bronze's, too, as the parser has read them, or exactly."""

    def chosen(name: str) -> str:
        return f"if(exact is null, {_typed(name)}, {sql.name('exact', 'event', name)})"

    return [
        f"{silver_column(name, pipeline, chosen)} as {sql.name(staged_name(name))}"
        for name in silver_columns(pipeline)
        if name not in BRONZE_COLUMNS or name != staged_name(name)
    ]
