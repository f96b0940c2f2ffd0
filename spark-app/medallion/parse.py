"""The one parse: every record is read once by Spark's own parser, from end to end.

A value is read with its last brace replaced by one more member and a brace. Spark's parser stops at the end
of the first object; that member is there only when this was the end of the value. Its name is random, so
that no value can bring it along.

The parser reads each field with its own type. It complains, without saying of what, when a field has another
type or is broken JSON. Such a record, and one with a value that may hide another (see `field_types`), is read
again within the same pass with its tokens marked, which tells everything. Hardly any record needs that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import field_types as types
from medallion import marked_json, reasons
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.pipeline import Field, Pipeline, Type

_END, _BROKEN = f"end_{secrets.token_hex(8)}", f"broken_{secrets.token_hex(8)}"
_BLANK = r"[ \t\n\r]*+"
_EMPTY_OBJECT = rf"\A{_BLANK}\{{{_BLANK}\}}{_BLANK}\z"
#: Whether the value is one JSON object, by what was read first, or of its marked tokens.
_IS_OBJECT = (
    f"coalesce(if(marked is null, read.{_END} = 1 and read.{_BROKEN} is null, "
    f"marked.t.{_END} is not null and marked.t.{_BROKEN} is null), false) "
    f"or value rlike {sql.literal(_EMPTY_OBJECT)}"
)


class Parser:
    """The parse of one pipeline. Its columns are made once: that takes hundreds of calls into the JVM."""

    def __init__(self, pipeline: Pipeline) -> None:
        bronze = [F.col(name) for name in BRONZE_COLUMNS]
        seen = [*bronze, F.col("read"), F.col("marked")]
        facts = [F.expr(_IS_OBJECT).alias("is_object"), _unknown_names(pipeline).alias("unknown_names")]
        verdict = F.expr(reasons.verdict(pipeline)).alias("verdict")
        self._steps: list[list[Column]] = [
            [*bronze, _read(pipeline).alias("read")],
            [*bronze, F.col("read"), _read_marked(pipeline).alias("marked")],
            [*seen, *facts, *[_typed(each) for each in pipeline.fields]],
            [*bronze, _event(pipeline), verdict],
            [*bronze, F.col("event"), F.col("verdict.reason"), F.col("verdict.detail")],
        ]

    def parse(self, records: DataFrame) -> DataFrame:
        """Takes bronze's columns. Adds `event`, a struct of silver's fields and event_time, and `reason` with
        `detail`, which are NULL for a silver row. Where there is a reason, `event` means nothing.
        """
        for columns in self._steps:
            records = records.select(*columns)
        return records


def _read(pipeline: Pipeline) -> Column:
    fields = {each.name: types.read_type(each.type) for each in pipeline.fields}
    return F.expr(_from_json(_closed("value"), {**fields, _END: "int"}))


def _read_marked(pipeline: Pipeline) -> Column:
    """What the record has when its tokens are marked; NULL when it need not be read again."""
    rows = {types.scalar(of) for each in pipeline.fields for _, of in types.leaves(each)}
    lossy = [row for row in rows if row.lossy_number]
    like_no_text = _any_scalar(pipeline, types.is_like_no_text)
    conditions = [
        f"read.{_BROKEN} is not null",
        like_no_text,
        *[_hides_number(pipeline, row) for row in lossy],
    ]
    texts = dict.fromkeys([*[each.name for each in pipeline.fields], _END], "string")
    marked = types.marked_fields(pipeline.fields, _from_json(marked_json.marked(_closed("value")), texts))
    return F.expr(f"if(read.{_END} = 1 and ({' or '.join(filter(None, conditions))}), {marked}, null)")


def _any_scalar(pipeline: Pipeline, test: Callable[[Type, str], str]) -> str:
    conditions = [types.any_scalar(each.type, sql.name("read", each.name), test) for each in pipeline.fields]
    return " or ".join(filter(None, conditions))


def _hides_number(pipeline: Pipeline, row: types.Scalar) -> str:
    """Whether a value of this kind may be a number that the parser has not kept."""
    names = [name for each in pipeline.fields for name, of in types.leaves(each) if types.scalar(of) is row]
    in_json = _has_number(names, row.lossy_number)
    if row.may_be_number is None:
        return in_json
    may_be = row.may_be_number
    some = _any_scalar(pipeline, lambda of, read: may_be(read) if types.scalar(of) is row else "")
    return f"if({some}, {in_json}, false)"


def _from_json(json: str, fields: dict[str, str]) -> str:
    schema = ", ".join(f"`{name}` {data_type}" for name, data_type in {**fields, _BROKEN: "string"}.items())
    return marked_json.read(json, schema, columnNameOfCorruptRecord=_BROKEN)


def _closed(json: str) -> str:
    """The JSON with one more member behind the last; NULL when it does not end with a brace."""
    trimmed = f"trim(trailing ' \\t\\n\\r' from {json})"

    def with_member(text: str, end: int) -> str:
        # In bytes: to count characters takes as long as to parse them.
        kept = f"substring(cast({text} as binary), 1, octet_length({text}) - {end})"
        return f"cast(concat({kept}, cast(',\"{_END}\":1}}' as binary)) as string)"

    return (
        f"case when endswith({json}, '}}') then {with_member(json, 1)} "
        f"when endswith({json}, '}}\\n') then {with_member(json, 2)} "
        f"when endswith({trimmed}, '}}') then {with_member(trimmed, 1)} end"
    )


def _has_number(names: list[str], number: str) -> str:
    """Whether the JSON has such a number, be it in arrays, as a member of one of these names."""
    behind = rf"{_BLANK}:{_BLANK}(?:\[(?:[^:{{}}]*?[\[, \t\n\r])?)?{number}"
    (first, *others) = dict.fromkeys(names)
    # Java's search is quickest for a pattern that begins with plain characters.
    spelled = f'"{first}"' if not others else f'"(?:{"|".join([first, *others])})"'
    # A name may be written with escapes, of six characters each.
    longest = 6 * max(map(len, names))
    escaped = sql.matches("value", rf'\\u[A-Za-z0-9_\\]{{4,{longest}}}+"{behind}')
    escapes = sql.literal("\\u")
    return f"({sql.matches('value', spelled + behind)} or contains(value, {escapes}) and {escaped})"


def _unknown_names(pipeline: Pipeline) -> Column:
    """The names of the event that the contract does not have; NULL when nobody asks."""
    if not pipeline.quarantines_unknown_fields:
        return F.lit(None).cast("array<string>")
    names = f"map_keys({marked_json.read('value', 'map<string,string>')})"
    known = ", ".join(sql.literal(each.name) for each in pipeline.fields)
    return F.expr(f"array_distinct(array_except({names}, array({known})))")


def _typed(each: Field) -> Column:
    """The field's column; NULL when it is not there or not right."""
    read = sql.name("read", each.name)
    converted, right = types.value(each.type, read), types.is_right(each.type, read)
    if right and each.type.kind in ("object", "array"):
        converted = f"if({right}, {converted}, null)"
    typed = f"if(marked is null, {converted}, {sql.name('marked', 'v', each.name)})"
    return F.expr(typed).alias(reasons.field_column(each.name))


def _event(pipeline: Pipeline) -> Column:
    fields = [F.col(reasons.field_column(each.name)).alias(each.name) for each in pipeline.silver_fields]
    time = F.expr(reasons.silver_column("event_time", pipeline)).alias("event_time")
    return F.struct(*fields, time).alias("event")
