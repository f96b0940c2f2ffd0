"""The exact reading of a value that does not plainly look like an event, or of one that is no silver row.

Its last brace is replaced by one more member and a brace: Spark's parser stops at the end of the first
object, so that the member is there only when this was the end of the value. Its name is random, and no value
can bring it along. Then it is read with its tokens marked (see `marked_json`).
"""

from __future__ import annotations

import secrets

from medallion import field_types as types
from medallion import marked_json, reasons
from medallion import sql_text as sql
from medallion.pipeline import Pipeline

_END, _BROKEN = f"end_{secrets.token_hex(8)}", f"broken_{secrets.token_hex(8)}"
_EMPTY_OBJECT = r"\A[ \t\n\r]*+\{[ \t\n\r]*+\}[ \t\n\r]*+\z"
_IS_OBJECT = (
    f"marked.t.{_END} is not null and marked.t.{_BROKEN} is null or {sql.matches('value', _EMPTY_OBJECT)}"
)


def exact_outcome(pipeline: Pipeline) -> str:
    """SQL over bronze's columns: a struct of `event`, the struct of the fields with their types, and of
    `reason` and `detail`, which are NULL for a silver row.
    """
    texts = dict.fromkeys([*[each.name for each in pipeline.fields], _END, _BROKEN], "string")
    json = marked_json.marked(_with_end("value"))
    read = marked_json.read(json, sql.ddl(texts), columnNameOfCorruptRecord=_BROKEN)
    marked = types.marked_fields(pipeline.fields, read)
    checks = reasons.checks_of(pipeline, _IS_OBJECT)
    words = sql.bind("failed", reasons.first_failed(checks), reasons.words(pipeline, checks))
    if pipeline.quarantines_unknown_fields:
        words = sql.bind("unknown_names", _unknown_names(pipeline), words)
    outcome = "named_struct('event', marked.v, 'reason', words.reason, 'detail', words.detail)"
    return sql.bind("marked", marked, sql.bind("words", words, outcome))


def _with_end(json: str) -> str:
    """The JSON with one more member behind the last; NULL when it does not end with a brace."""
    trimmed = f"trim(trailing ' \\t\\n\\r' from {json})"
    member = f"concat(substring({trimmed}, 1, char_length({trimmed}) - 1), ',\"{_END}\":1}}')"
    return f"if(endswith({trimmed}, '}}'), {member}, null)"


def _unknown_names(pipeline: Pipeline) -> str:
    """The names of the event that the contract does not have."""
    names = f"map_keys({marked_json.read('value', 'map<string,string>')})"
    known = ", ".join(sql.literal(each.name) for each in pipeline.fields)
    return f"array_distinct(array_except({names}, array({known})))"
