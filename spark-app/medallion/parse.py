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

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion import field_types as types
from medallion import marked_json, reasons
from medallion import sql_text as sql
from medallion.bronze import BRONZE_COLUMNS
from medallion.field_types import BLANK, Leaf
from medallion.pipeline import Field, Pipeline

_END, _BROKEN = f"end_{secrets.token_hex(8)}", f"broken_{secrets.token_hex(8)}"
_EMPTY_OBJECT = rf"\A{BLANK}\{{{BLANK}\}}{BLANK}\z"
#: Whether the value is one JSON object, by what was read first, or of its marked tokens.
_IS_OBJECT = (
    f"(if(marked is null, read.{_END} = 1 and read.{_BROKEN} is null, "
    f"marked.t.{_END} is not null and marked.t.{_BROKEN} is null) "
    f"<=> true or {sql.matches('value', _EMPTY_OBJECT)})"
)
_ASCII_ESCAPE = sql.literal("\\u00")


class Parser:
    """The parse of one pipeline. Its columns are made once: that takes hundreds of calls into the JVM."""

    def __init__(self, pipeline: Pipeline) -> None:
        names = [each.name for each in pipeline.fields]
        bronze = [sql.name(name) for name in BRONZE_COLUMNS]
        seen = [*bronze, "read", "marked", "unknown_names"]
        typed = [f"{_typed(each)} as {sql.name(reasons.field_column(each.name))}" for each in pipeline.fields]
        fields = [sql.name(reasons.field_column(name)) for name in names]
        steps = [
            [*bronze, f"{_read(pipeline)} as read"],
            [
                *bronze,
                "read",
                f"{_read_marked(pipeline)} as marked",
                f"{_unknown_names(pipeline)} as unknown_names",
            ],
            [*seen, *typed],
            [*seen, *fields, f"{reasons.first_failed(pipeline, _IS_OBJECT)} as failed"],
            [*bronze, _event(pipeline), f"{reasons.words(pipeline)} as words"],
            [*bronze, "event", "words.reason", "words.detail"],
        ]
        self._steps: list[list[Column]] = [[F.expr(column) for column in step] for step in steps]

    def parse(self, records: DataFrame) -> DataFrame:
        """Takes bronze's columns. Adds `event`, a struct of silver's fields and event_time, and `reason` with
        `detail`, which are NULL for a silver row. Where there is a reason, `event` means nothing.
        """
        for columns in self._steps:
            records = records.select(*columns)
        return records


def _read(pipeline: Pipeline) -> str:
    """What the parser reads; NULL when the value does not end with a brace, or it cannot be left to it."""
    fields = {each.name: types.read_type(each.type) for each in pipeline.fields}
    exact = [leaf for leaf in types.leaves(pipeline.fields, "read") if not leaf.suspicious]
    closed = _closed("value")
    if exact:
        closed = f"if({_hides(exact)}, null, {closed})"
    return _from_json(closed, {**fields, _END: "int"})


def _read_marked(pipeline: Pipeline) -> str:
    """What the record has when its tokens are marked; NULL when it need not be read again."""
    suspect = [leaf for leaf in types.leaves(pipeline.fields, "read") if leaf.suspicious]
    conditions = [f"read.{_BROKEN} is not null"]
    if suspect:
        # By the texts, and only then by the JSON.
        some = " or ".join(leaf.suspicious for leaf in suspect)
        conditions.append(f"if({some}, {_hides(suspect)}, false)")
    texts = dict.fromkeys([*[each.name for each in pipeline.fields], _END], "string")
    marked = types.marked_fields(pipeline.fields, _from_json(marked_json.marked(_closed("value")), texts))
    return f"if(read is null or read.{_END} = 1 and ({' or '.join(conditions)}), {marked}, null)"


def _hides(leaves: list[Leaf]) -> str:
    """Whether the JSON has a token in these fields that the parser does not read exactly."""
    names: dict[str, list[str]] = {}
    for leaf in leaves:
        names.setdefault(leaf.plain, []).append(leaf.name)
    # A name may be written with escapes, of six characters each.
    longest = 6 * max(len(leaf.name) for leaf in leaves)
    has_escape = f"contains(value, {_ASCII_ESCAPE})"
    escaped = sql.matches("value", rf'\\u00[2-7][0-9A-Fa-f][A-Za-z0-9_\\]{{0,{longest}}}+"{BLANK}:')
    return " or ".join(
        [
            *[_has_other(plain, list(dict.fromkeys(of))) for plain, of in names.items()],
            f"{has_escape} and {escaped}",
        ]
    )


def _has_other(plain: str, names: list[str]) -> str:
    # Java's search is quickest for a pattern that begins with plain characters.
    spelled = f'"{names[0]}"' if len(names) == 1 else f'"(?:{"|".join(names)})"'
    return sql.matches("value", f"{spelled}{BLANK}:{BLANK}(?!{plain})")


def _from_json(json: str, fields: dict[str, str]) -> str:
    schema = ", ".join(f"`{name}` {data_type}" for name, data_type in {**fields, _BROKEN: "string"}.items())
    return marked_json.read(json, schema, columnNameOfCorruptRecord=_BROKEN)


def _closed(json: str) -> str:
    """The JSON with one more member behind the last; NULL when it does not end with a brace."""
    trimmed = f"trim(trailing ' \\t\\n\\r' from {json})"

    def with_member(text: str) -> str:
        # In bytes: to count characters takes as long as to parse them.
        kept = f"substring(cast({text} as binary), 1, octet_length({text}) - 1)"
        return f"cast(concat({kept}, cast(',\"{_END}\":1}}' as binary)) as string)"

    return (
        f"case when endswith({json}, '}}') then {with_member(json)} "
        f"when endswith({trimmed}, '}}') then {with_member(trimmed)} end"
    )


def _unknown_names(pipeline: Pipeline) -> str:
    """The names of the event that the contract does not have; NULL when nobody asks."""
    if not pipeline.quarantines_unknown_fields:
        return "cast(null as array<string>)"
    names = f"map_keys({marked_json.read('value', 'map<string,string>')})"
    known = ", ".join(sql.literal(each.name) for each in pipeline.fields)
    return f"array_distinct(array_except({names}, array({known})))"


def _typed(each: Field) -> str:
    """The field's column, of what was read at first or marked; NULL when it is not there or not right."""
    read, marked = sql.name("read", each.name), sql.name("marked", "v", each.name)
    return types.value(each.type, f"if(marked is null, {read}, {marked})")


def _event(pipeline: Pipeline) -> str:
    fields = [(each.name, sql.name(reasons.field_column(each.name))) for each in pipeline.silver_fields]
    fields.append(("event_time", reasons.silver_column("event_time", pipeline)))
    return f"named_struct({', '.join(f'{sql.literal(name)}, {column}' for name, column in fields)}) as event"
