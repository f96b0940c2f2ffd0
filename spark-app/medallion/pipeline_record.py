"""The record of the pipeline that made the outputs, next to the checkpoints. A start with another
pipeline is refused.

Additions do not change existing outputs: optional fields, their columns in raw_csv, and gold
tables. The topic, expectations that only count, and the spelling of SQL do not affect outputs.
Everything else has to be equal. The orchestrator has the same rule (`pipeline/resolve.ts`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Dict

from medallion.checkpoint_repair import damaged
from medallion.errors import refusal
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS
from medallion.sinks.naming import INGEST

PIPELINE_RECORD = f"{CHECKPOINTS}/_pipeline.json"
#: The checkpoint of earlier releases, whose only query also made gold.
FORMER_CHECKPOINT = f"{CHECKPOINTS}/medallion"

_RESET = "`npm run reset -- --keep-topic`"

#: The properties of a gold table that have to be equal, with their names in messages.
_GOLD = {
    "groupBy": "group_by",
    "windowMs": "the window (ms)",
    "slideMs": "the slide (ms)",
    "measures": "the measures",
}
#: A `pipeline.json`, or a part of one.
Document = Dict[str, Any]


def refuse_former_layout(files: HadoopFiles) -> None:
    """Raises JobError (exit code 78) when an earlier release with one query for everything made the
    outputs.
    """
    if files.exists(FORMER_CHECKPOINT):
        raise refusal(
            f"{files.uri(FORMER_CHECKPOINT)} is of an earlier release, whose one query made gold as well; "
            "this job cannot go on with it",
            f"{_RESET} reads the topic again",
        )


def keep_pipeline(files: HadoopFiles, pipeline_json: str) -> None:
    """Records the pipeline in `_chk/_pipeline.json`, before any query starts.

    Raises JobError (exit code 78) when another pipeline has made the outputs. A pipeline that only
    adds optional fields or gold tables replaces the recorded one.
    """
    if not files.names(f"{CHECKPOINTS}/{INGEST}"):
        # There are no outputs yet.
        _write(files, pipeline_json)
        return
    now = json.loads(pipeline_json)
    try:
        old: Document = json.loads(files.read_text(PIPELINE_RECORD) or "")
        is_other = old["fingerprint"] != now["fingerprint"]
        changed = changes_of(old, now) if is_other else []
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(files.uri(PIPELINE_RECORD)) from error
    if changed:
        raise refusal(
            f"the outputs in {files.uri()} were made by another pipeline: {'; '.join(changed)}",
            f"set PIPELINE to that one, or OUTPUT_PATH to another folder, or: {_RESET} makes them again",
        )
    if is_other:
        _write(files, pipeline_json)


def _write(files: HadoopFiles, pipeline_json: str) -> None:
    files.make_folder(CHECKPOINTS)
    files.write_text(PIPELINE_RECORD, pipeline_json)


def changes_of(old: Document, now: Document) -> list[str]:
    """The differences by which the outputs belong to another pipeline, a clause each; empty when
    both can share them.
    """
    known = {each["name"] for each in old["fields"]}
    added = {each["name"] for each in now["fields"] if not each["required"]} - known
    columns = [name for name in now["rawCsv"]["columns"] if name not in added]
    return [
        *_field_changes(old["fields"], now["fields"], ""),
        *_different("the event time", old["eventTime"]["field"], now["eventTime"]["field"]),
        *_different("the watermark (ms)", old["eventTime"]["watermarkMs"], now["eventTime"]["watermarkMs"]),
        *_different("unknown_fields", old["unknownFields"], now["unknownFields"]),
        *_different("expect_or_quarantine", _expectations(old), _expectations(now)),
        *_different("the columns of raw_csv", old["rawCsv"]["columns"], columns),
        *_gold_changes(old["gold"], now["gold"]),
    ]


def _different(what: str, old: Any, now: Any) -> list[str]:
    return [] if old == now else [f"{what} was {_shown(old)}, and is {_shown(now)}"]


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "nothing"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)


def _expectations(pipeline: Document) -> list[Document]:
    expectations = pipeline["expectations"]["expectOrQuarantine"]
    return [{"name": each["name"], "expression": each["expression"]} for each in expectations]


def _field_changes(old: list[Document], now: list[Document], within: str) -> Iterator[str]:
    """`within` is the path of the object that has the fields, and a dot."""
    before, after = _by_name(old), _by_name(now)
    for name, each in after.items():
        if name not in before and each["required"]:
            yield f"the field {within}{name} is new and required"
    for name, each in before.items():
        if name in after:
            yield from _item_changes(each, after[name], f"{within}{name}")
        else:
            yield f"the field {within}{name} is gone"
    order = f"the order of the fields of {within[:-1]}" if within else "the order of the fields"
    kept = [name for name in before if name in after], [name for name in after if name in before]
    yield from _different(order, *kept)


def _item_changes(old: Document, now: Document, name: str) -> Iterator[str]:
    yield from _different(f"whether {name} is required", old["required"], now["required"])
    before, after = old["type"], now["type"]
    if before["kind"] == after["kind"] == "object":
        yield from _field_changes(before["fields"], after["fields"], f"{name}.")
    elif before["kind"] == after["kind"] == "array":
        yield from _item_changes(before["items"], after["items"], f"{name}[]")
    else:
        yield from _different(f"the type of {name}", before, after)
    yield from _different(f"the constraints of {name}", old["constraints"], now["constraints"])


def _gold_changes(old: list[Document], now: list[Document]) -> Iterator[str]:
    after = _by_name(now)
    for name, table in _by_name(old).items():
        if name not in after:
            yield f"the gold table {name} is gone"
            continue
        for key, what in _GOLD.items():
            yield from _different(f"{what} of the gold table {name}", table[key], after[name][key])


def _by_name(documents: list[Document]) -> dict[str, Document]:
    return {each["name"]: each for each in documents}
