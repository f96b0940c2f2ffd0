"""Why a record is no silver row: the first check that it fails, and in words which part of it was wrong.

Works on the columns between the steps of `parse`: a `field_<name>` for each field, `read` and `marked` with
what the parser read, and `unknown_names`. What is said of a check is looked up by
its number, so that the expressions do not grow with the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_REGISTRY_ID = f"conv(hex(substring({_BYTES}, 2, 4)), 16, 10)"
#: In a sentence: where the value stands, and the same for a value that is shown as JSON.
_VALUE, _JSON = "\x01", "\x02"
#: Between the sentences of a check, of which `_number_of` takes one.
_OR = "\x03"
#: Of checks that come before those of the fields. A field has two.
_FIRST = 3
#: What a marked value that is no text begins with.
_NO_TEXT = rf"\A(?:{marked_json.TOKEN}|[{{\[])"


@dataclass(frozen=True)
class _Check:
    """A check that a record fails by an SQL condition; without one, none does. `shown` is SQL for the value
    in the sentence.
    """

    reason: str = ""
    condition: str = ""
    sentence: str = ""
    shown: str = ""


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


def first_failed(pipeline: Pipeline, is_object: str) -> str:
    """The number of the first check that a record fails; NULL for a silver row."""
    first = [("value is null", 1), (_HAS_REGISTRY_HEADER, 2), (f"not {is_object}", _FIRST)]
    checks = [(each.condition, at) for at, each in enumerate(_checks(pipeline), _FIRST + 1) if each.condition]
    return f"case {' '.join(f'when {condition} then {number}' for condition, number in first + checks)} end"


def words(pipeline: Pipeline) -> str:
    """A struct of `reason` and `detail` by the check that failed; NULL for a silver row."""
    first = [
        _Check("null_value", "", "the record has no value"),
        _Check("schema_registry_header", "", f"begins with a Schema Registry header, schema id {_VALUE}"),
        _Check("not_json_object", "", _VALUE),
    ]
    checks = [*first, *_checks(pipeline)]
    reasons = ", ".join(sql.literal(each.reason) for each in checks)
    sentences = ", ".join(sql.literal(each.sentence) for each in checks)
    said = f"split(element_at(array({sentences}), failed), '{_OR}')"
    words = f"named_struct('reason', element_at(array({reasons}), failed), 'detail', {_detail(pipeline)})"
    text = f"named_struct('marked', coalesce({_shown(pipeline, checks)}, ''), 'sentences', {said})"
    return f"if(failed is null, null, {sql.bind('shown', text, words)})"


def _detail(pipeline: Pipeline) -> str:
    """The sentence that is true of the value, and the value in it."""
    body = f"replace(translate(sentence, '{_JSON}', '{_VALUE}'), '{_VALUE}', {_cut(_written())})"
    sentence = f"element_at(shown.sentences, {_number_of(pipeline, 'text')})"
    return sql.bind("text", marked_json.bare("shown.marked"), sql.bind("sentence", sentence, body))


def _written() -> str:
    """The value, a text in quotation marks where the field's type is no text."""
    is_text = f"contains(sentence, '{_JSON}') and not {sql.matches('shown.marked', _NO_TEXT)}"
    return f"if({is_text}, concat('\"', text, '\"'), text)"


def _cut(text: str) -> str:
    return sql.replaced(text, rf"\A((?s:.{{{_SHOWN}}}))(?s:.+)\z", "$1…")


def _shown(pipeline: Pipeline, checks: list[_Check]) -> str:
    """The value that a check is about, perhaps marked."""
    last = _FIRST + 2 * len(pipeline.fields)
    others = [(each.shown, number) for number, each in enumerate(checks, 1) if number > last and each.shown]
    cases = [
        f"when 2 then {_REGISTRY_ID}",
        f"when {_FIRST} then if(value = '', 'the value is empty', value)",
        *[f"when {number} then {text}" for text, number in others],
    ]
    fields = f"if(failed between {_FIRST + 1} and {last}, {_shown_field(pipeline)}, null)"
    return f"case failed {' '.join(cases)} else {fields} end"


def _checks(pipeline: Pipeline) -> list[_Check]:
    """The checks after the first ones, in order."""
    constraints = [
        _Check(f"bad_{each.name}", condition, f"{each.name}: {_VALUE} {problem}", _as_text(each))
        for each in pipeline.fields
        for condition, problem in violations(each, sql.name(field_column(each.name)))
    ]
    expectations = [
        _Check(each.name, f"not {_holds(each.expression, pipeline)}", f"{each.sql} is false")
        for each in pipeline.expect_or_quarantine
    ]
    unknown = _Check("unknown_field", "size(unknown_names) > 0", _VALUE, "concat_ws(', ', unknown_names)")
    return [
        *[check for each in _in_order(pipeline) for check in _of_field(each)],
        *([unknown] if pipeline.quarantines_unknown_fields else []),
        *constraints,
        *expectations,
    ]


def _in_order(pipeline: Pipeline) -> list[Field]:
    return sorted(pipeline.fields, key=lambda each: not each.required)


def _of_field(each: Field) -> list[_Check]:
    read, marked = sql.name("read", each.name), sql.name("marked", "t", each.name)
    wrong = f"{sql.name(field_column(each.name))} is null"
    sentence = _OR.join(f"{each.name}: {_placeholder(each)} {one}" for one in types.complaints(each.type))
    if each.required:
        missing = f"{marked} is null and {read} is null"
        return [
            _Check(f"missing_{each.name}", missing, f"{each.name}: not there, or null"),
            _Check(f"bad_{each.name}", wrong, sentence),
        ]
    return [
        _Check(),
        _Check("wrong_type", f"{wrong} and ({marked} is not null{_or_read(each, read)})", sentence),
    ]


def _or_read(each: Field, read: str) -> str:
    """Without marks only what is converted can be wrong."""
    return f" or {read} is not null" if types.value(each.type, read) != read else ""


def _placeholder(each: Field) -> str:
    return _VALUE if each.type.kind in ("string", "decimal", "date", "timestamp") else _JSON


def _holds(expression: dict[str, object], pipeline: Pipeline) -> str:
    """Whether a condition is not false."""
    condition = to_sql(expression, lambda path: silver_column(path, pipeline))
    return f"coalesce({condition}, true)"


def _as_text(each: Field) -> str:
    column = sql.name(field_column(each.name))
    return f"to_json({column})" if each.type.kind in ("object", "array") else f"cast({column} as string)"


def _shown_field(pipeline: Pipeline) -> str:
    """What the value has in the field of the check that failed."""
    fields = _in_order(pipeline)
    read = ", ".join(_read_text(each) for each in fields)
    marked = ", ".join(sql.name("marked", "t", each.name) for each in fields)
    at = f"shiftright(failed - {_FIRST - 1}, 1)"
    return f"if(marked is null, element_at(array({read}), {at}), element_at(array({marked}), {at}))"


def _read_text(each: Field) -> str:
    read = sql.name("read", each.name)
    if each.type.kind in ("object", "array"):
        return f"to_json({read})"
    # Behind a mark: it is no text.
    return (
        f"concat('{marked_json.TOKEN}', {read})" if each.type.kind == "double" else f"cast({read} as string)"
    )


def _number_of(pipeline: Pipeline, text: str) -> str:
    """Which of the sentences is true of the value: see `field_types.complaints`."""
    kinds = {each.type.kind for each in pipeline.fields}
    cases = []
    if kinds & {"object", "array"}:
        cases.append(
            f"when size(shown.sentences) = 2 then {types.complaint_about_parts('shown.sentences', text)}"
        )
    if "decimal" in kinds:
        cases.append(
            f"when size(shown.sentences) > 2 then {types.complaint_about_number('shown.sentences', text)}"
        )
    return f"case {' '.join(cases)} else 1 end" if cases else "1"
