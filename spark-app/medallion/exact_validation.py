"""The exact validation of a value that is not read on the fast path: its silver row, or the reason
why it has none.

The value's last brace is replaced by one more member and a brace. Spark's parser stops at the end
of the first object, so the member is found only when that object ends where the value ends. The
member's name is random, so that no value can contain it. Then the value is read with its tokens
marked (see `marked_json`).

The reason is the first check that the value fails, and the detail describes in words which part was
wrong. The text of a check is looked up by its number, so that the expressions do not grow with the
texts.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from medallion import field_types as types
from medallion import marked_json
from medallion import sql_text as sql
from medallion.expressions import holds, violations
from medallion.pipeline import Field, Pipeline
from medallion.silver import silver_value

_END, _BROKEN = f"end_{secrets.token_hex(8)}", f"broken_{secrets.token_hex(8)}"
_EMPTY_OBJECT = r"\A[ \t\n\r]*+\{[ \t\n\r]*+\}[ \t\n\r]*+\z"
_IS_OBJECT = (
    f"marked.t.{_END} is not null and marked.t.{_BROKEN} is null or {sql.matches('value', _EMPTY_OBJECT)}"
)
#: The number of characters of a value that a detail shows.
_SHOWN = 100
_BYTES = "if(value_bytes is null, cast(value as binary), value_bytes)"
#: The header of Confluent's serializers: a zero byte, and the schema's id in four bytes.
_HAS_REGISTRY_HEADER = f"startswith(value, '\\0') and octet_length({_BYTES}) >= 5"
_REGISTRY_ID = f"conv(hex(substring({_BYTES}, 2, 4)), 16, 10)"
#: Placeholders in a sentence: for the value, and for a value that is shown as JSON.
_VALUE, _JSON = "\x01", "\x02"
#: Separators between the sentences of a check, of which `_number_of` selects one, and between
#: checks.
_OR, _THEN = "\x03", "\x04"
#: The number of checks before those of the fields. A field has two.
_FIRST = 3
#: The beginnings of a marked value that is not a text.
_NO_TEXT = rf"\A(?:{marked_json.TOKEN}|[{{\[])"


@dataclass(frozen=True)
class _Check:
    """A check: the SQL condition for failing it, or none; `shown` is SQL for the value in the
    sentence.
    """

    reason: str = ""
    condition: str = ""
    sentence: str = ""
    shown: str = ""


def exact_outcome(pipeline: Pipeline) -> str:
    """SQL over bronze's columns: a struct of `event`, the struct of the fields with their types,
    and of `reason` and `detail`, which are NULL for a silver row.
    """
    texts = dict.fromkeys([*[each.name for each in pipeline.fields], _END, _BROKEN], "string")
    json = marked_json.marked(_with_end("value"))
    read = marked_json.read(json, sql.ddl(texts), columnNameOfCorruptRecord=_BROKEN)
    marked = types.marked_fields(pipeline.fields, read)
    checks = checks_of(pipeline, _IS_OBJECT)
    words = sql.bind("failed", _first_failed(checks), _words(pipeline, checks))
    if pipeline.quarantines_unknown_fields:
        words = sql.bind("unknown_names", _unknown_names(pipeline), words)
    outcome = "named_struct('event', marked.v, 'reason', words.reason, 'detail', words.detail)"
    return sql.bind("marked", marked, sql.bind("words", words, outcome))


def _with_end(json: str) -> str:
    """The JSON with one more member after the last; NULL when it does not end with a brace."""
    trimmed = f"trim(trailing ' \\t\\n\\r' from {json})"
    member = f"concat(substring({trimmed}, 1, char_length({trimmed}) - 1), ',\"{_END}\":1}}')"
    return f"if(endswith({trimmed}, '}}'), {member}, null)"


def _unknown_names(pipeline: Pipeline) -> str:
    """SQL for the names of the event that the contract does not have."""
    names = f"map_keys({marked_json.read('value', 'map<string,string>')})"
    known = ", ".join(sql.literal(each.name) for each in pipeline.fields)
    return f"array_distinct(array_except({names}, array({known})))"


def checks_of(pipeline: Pipeline, is_object: str) -> list[_Check]:
    """Every check, in order. `is_object` is SQL for whether the value is one JSON object."""
    registry = f"begins with a Schema Registry header, schema id {_VALUE}"
    text = "if(value = '', 'the value is empty', value)"
    return [
        _Check("null_value", "value is null", "the record has no value"),
        _Check("schema_registry_header", _HAS_REGISTRY_HEADER, registry, _REGISTRY_ID),
        _Check("not_json_object", f"not ({is_object})", _VALUE, text),
        *_of_event(pipeline),
    ]


def _first_failed(checks: list[_Check]) -> str:
    """SQL for the number of the first check that a record fails; NULL for a silver row."""
    cases = [f"when {each.condition} then {at}" for at, each in enumerate(checks, 1) if each.condition]
    return f"case {' '.join(cases)} end"


def _words(pipeline: Pipeline, checks: list[_Check]) -> str:
    """SQL for a struct of `reason` and `detail` of the check that failed; NULL for a silver row."""
    said = f"split({_of_failed([each.sentence for each in checks])}, '{_OR}')"
    reason = _of_failed([each.reason for each in checks])
    words = f"named_struct('reason', {reason}, 'detail', {_detail(pipeline)})"
    text = f"named_struct('marked', coalesce({_shown(pipeline, checks)}, ''), 'sentences', {said})"
    return f"if(failed is null, null, {sql.bind('shown', text, words)})"


def _of_failed(texts: list[str]) -> str:
    """The text of the check that failed. All texts are one literal, since each literal costs time
    when Spark plans a batch.
    """
    return f"element_at(split({sql.literal(_THEN.join(texts))}, '{_THEN}'), failed)"


def _detail(pipeline: Pipeline) -> str:
    """The sentence that applies to the value, with the beginning of the value in it. A text is in
    quotation marks where the field's type is not a text.
    """
    is_text = f"contains(sentence, '{_JSON}') and not {sql.matches('shown.marked', _NO_TEXT)}"
    written = f"if({is_text}, concat('\"', text, '\"'), text)"
    beginning = sql.replaced(written, rf"\A((?s:.{{{_SHOWN}}}))(?s:.+)\z", "$1…")
    body = f"replace(translate(sentence, '{_JSON}', '{_VALUE}'), '{_VALUE}', {beginning})"
    sentence = f"element_at(shown.sentences, {_number_of(pipeline)})"
    return sql.bind("text", marked_json.bare("shown.marked"), sql.bind("sentence", sentence, body))


def _shown(pipeline: Pipeline, checks: list[_Check]) -> str:
    """The value of a check, which may be marked."""
    texts = ", ".join(map(_text_of, _in_order(pipeline)))
    of_field = f"element_at(array({texts}), shiftright(failed - {_FIRST - 1}, 1))"
    last = _FIRST + 2 * len(pipeline.fields)
    cases = [f"when {at} then {each.shown}" for at, each in enumerate(checks, 1) if each.shown]
    fields = f"if(failed between {_FIRST + 1} and {last}, {of_field}, null)"
    return f"case failed {' '.join(cases)} else {fields} end"


def _of_event(pipeline: Pipeline) -> list[_Check]:
    """The checks of an event: fields, names, constraints and expectations."""

    def column(path: str) -> str:
        return silver_value(path, pipeline, _value_of)

    constraints = [
        _Check(f"bad_{each.name}", condition, f"{each.name}: {_VALUE} {problem}", _as_text(each))
        for each in pipeline.fields
        for condition, problem in violations(each, _value_of(each.name))
    ]
    expectations = [
        _Check(each.name, f"not {holds(each.expression, column)}", f"{each.sql} is false")
        for each in pipeline.expect_or_quarantine
    ]
    names = "concat_ws(', ', transform(unknown_names, name -> if(name = '', '\"\"', name)))"
    unknown = _Check("unknown_field", "size(unknown_names) > 0", _VALUE, names)
    return [
        *[check for each in _in_order(pipeline) for check in _of_field(each)],
        *([unknown] if pipeline.quarantines_unknown_fields else []),
        *constraints,
        *expectations,
    ]


def _in_order(pipeline: Pipeline) -> list[Field]:
    return sorted(pipeline.fields, key=lambda each: not each.required)


def _of_field(each: Field) -> list[_Check]:
    wrong = f"{_value_of(each.name)} is null"
    value = _VALUE if each.type.kind in ("string", "decimal", "date", "timestamp") else _JSON
    sentence = _OR.join(f"{each.name}: {value} {one}" for one in types.complaints(each.type))
    if each.required:
        return [
            _Check(f"missing_{each.name}", f"{_text_of(each)} is null", f"{each.name}: not there, or null"),
            _Check(f"bad_{each.name}", wrong, sentence),
        ]
    return [_Check(), _Check("wrong_type", f"{wrong} and {_text_of(each)} is not null", sentence)]


def _value_of(name: str) -> str:
    return sql.name("marked", "v", name)


def _text_of(each: Field) -> str:
    return sql.name("marked", "t", each.name)


def _as_text(each: Field) -> str:
    column = _value_of(each.name)
    return f"to_json({column})" if each.type.kind in ("object", "array") else f"cast({column} as string)"


def _number_of(pipeline: Pipeline) -> str:
    """The number of the sentence that applies to the value: see `field_types.complaints`."""
    kinds, said = {each.type.kind for each in pipeline.fields}, "shown.sentences"
    cases = []
    if kinds & {"object", "array"}:
        cases.append(f"when size({said}) = 2 then {types.complaint_about_parts(said, 'text')}")
    if "decimal" in kinds:
        cases.append(f"when size({said}) > 2 then {types.complaint_about_number(said, 'text')}")
    return f"case {' '.join(cases)} else 1 end" if cases else "1"
