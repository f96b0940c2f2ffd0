"""Whether outputs that one pipeline made can go on with another one (both as in `pipeline.json`).

What is merely added changes nothing that is there: optional fields, those of raw_csv with them, and gold
tables. Where the topic is, what expectations only count and how SQL is spelled decides no output. All the
rest has to be equal. The orchestrator has the same rule (`pipeline/compatibility.ts`).
"""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

Document = Dict[str, Any]


def changes_of(old: Document, now: Document) -> list[str]:
    """What makes the outputs those of another pipeline, a clause each; empty when both can share them."""
    added, changed = _field_changes(old["fields"], now["fields"], "")
    return [
        *changed,
        *_different("the event time", old["eventTime"]["field"], now["eventTime"]["field"]),
        *_different("the watermark (ms)", old["eventTime"]["watermarkMs"], now["eventTime"]["watermarkMs"]),
        *_different("unknown_fields", old["unknownFields"], now["unknownFields"]),
        *_different("expect_or_quarantine", _expectations(old), _expectations(now)),
        *_different(
            "the columns of raw_csv",
            old["rawCsv"]["columns"],
            [name for name in now["rawCsv"]["columns"] if name not in added],
        ),
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


def _field_changes(old: list[Document], now: list[Document], within: str) -> tuple[list[str], list[str]]:
    """The names of added fields, and what has changed. `within`: the object that they are in, and a dot."""
    added: list[str] = []
    changed: list[str] = []
    for each in now:
        if _named(old, each["name"]) is None:
            name = f"{within}{each['name']}"
            if each["required"]:
                changed.append(f"the field {name} is new and required")
            else:
                added.append(name)
    for each in old:
        other = _named(now, each["name"])
        name = f"{within}{each['name']}"
        if other is None:
            changed.append(f"the field {name} is gone")
        else:
            changed += _item_changes(each, other, name)
    order = f"the order of the fields of {within[:-1]}" if within else "the order of the fields"
    return added, [*changed, *_different(order, _kept(old, now), _kept(now, old))]


def _kept(fields: list[Document], others: list[Document]) -> list[str]:
    return [each["name"] for each in fields if _named(others, each["name"]) is not None]


def _item_changes(old: Document, now: Document, name: str) -> list[str]:
    return [
        *_different(f"whether {name} is required", old["required"], now["required"]),
        *_type_changes(old["type"], now["type"], name),
        *_different(f"the constraints of {name}", old["constraints"], now["constraints"]),
    ]


def _type_changes(old: Document, now: Document, name: str) -> list[str]:
    kinds = (old["kind"], now["kind"])
    if kinds == ("object", "object"):
        return _field_changes(old["fields"], now["fields"], f"{name}.")[1]
    if kinds == ("array", "array"):
        return _item_changes(old["items"], now["items"], f"{name}[]")
    return _different(f"the type of {name}", old, now)


def _gold_changes(old: list[Document], now: list[Document]) -> list[str]:
    changed: list[str] = []
    for table in old:
        name, other = table["name"], _named(now, table["name"])
        if other is None:
            changed.append(f"the gold table {name} is gone")
            continue
        for what, key in (
            ("group_by", "groupBy"),
            ("the window (ms)", "windowMs"),
            ("the slide (ms)", "slideMs"),
            ("the measures", "measures"),
        ):
            changed += _different(f"{what} of the gold table {name}", table[key], other[key])
    return changed


def _named(documents: list[Document], name: str) -> Optional[Document]:
    return next((each for each in documents if each["name"] == name), None)
