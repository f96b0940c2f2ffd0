"""The pipeline: `pipeline.json`, which the orchestrator has resolved and checked, as
dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

#: The event time of a pipeline whose events have none: the record's own time.
KAFKA_TS = "kafka_ts"
#: The place of a record in the topic. It joins every silver and quarantine row to its bronze row.
LINEAGE = ("topic", "partition", "offset")


@dataclass(frozen=True)
class Type:
    """The type of a value. Attributes that do not apply to a kind keep their defaults."""

    kind: str
    precision: int = 0
    scale: int = 0
    #: Of a date or timestamp in a text: `iso8601`, or a pattern of the JDK and a regular expression
    #: for it.
    format: str = ""
    shape: str = ""
    #: The zone of a text that names none: `UTC` or `±hh:mm`.
    timezone: str = "UTC"
    #: Of a timestamp that is a number: seconds, milliseconds or microseconds since 1970.
    epoch: str = ""
    fields: tuple[Field, ...] = ()
    items: Optional[Field] = None


@dataclass(frozen=True)
class Field:
    """A member of an object, or, without a name, the elements of an array."""

    name: str
    required: bool
    type: Type
    constraints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """A condition over silver's columns; a row fails it only when it is false, not when it is NULL.
    `expression` is the parsed SQL.
    """

    name: str
    sql: str
    expression: dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """An aggregate of a gold table; `argument` is None for count(*)."""

    name: str
    function: str
    argument: Optional[dict[str, Any]]
    type: Type


@dataclass(frozen=True)
class GoldTable:
    """An aggregation of silver by keys and windows of event time."""

    name: str
    group_by: tuple[str, ...]
    window_ms: int
    slide_ms: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Pipeline:
    """The contract of an event, and the outputs that are made from it."""

    name: str
    fingerprint: str
    topic: str
    #: A field of type timestamp, or `kafka_ts`.
    event_time: str
    watermark_ms: int
    quarantines_unknown_fields: bool
    fields: tuple[Field, ...]
    expect: tuple[Expectation, ...]
    expect_or_quarantine: tuple[Expectation, ...]
    raw_csv_columns: tuple[str, ...]
    gold: tuple[GoldTable, ...]

    @property
    def silver_fields(self) -> tuple[Field, ...]:
        """The fields that are columns of silver under their own names."""
        return tuple(each for each in self.fields if each.name != self.event_time)


def pipeline_of(document: dict[str, Any]) -> Pipeline:
    """The pipeline of a `pipeline.json` that has been read already."""
    if document["version"] != 1:
        raise ValueError(f"pipeline.json has version {document['version']}; this job reads version 1")
    return Pipeline(
        name=document["name"],
        fingerprint=document["fingerprint"],
        topic=document["source"]["topic"],
        event_time=document["eventTime"]["field"],
        watermark_ms=document["eventTime"]["watermarkMs"],
        quarantines_unknown_fields=document["unknownFields"] == "quarantine",
        fields=tuple(map(_field, document["fields"])),
        expect=_expectations(document["expectations"]["expect"]),
        expect_or_quarantine=_expectations(document["expectations"]["expectOrQuarantine"]),
        raw_csv_columns=tuple(document["rawCsv"]["columns"]),
        gold=tuple(map(_gold_table, document["gold"])),
    )


def _expectations(documents: list[dict[str, Any]]) -> tuple[Expectation, ...]:
    return tuple(Expectation(**each) for each in documents)


def _field(document: dict[str, Any]) -> Field:
    name, required = document.get("name", ""), document["required"]
    return Field(name, required, _type(document["type"]), document["constraints"])


def _type(document: dict[str, Any]) -> Type:
    fields = tuple(map(_field, document.get("fields", ())))
    items = _field(document["items"]) if "items" in document else None
    return Type(**{**document, "fields": fields, "items": items})


def _gold_table(document: dict[str, Any]) -> GoldTable:
    return GoldTable(
        name=document["name"],
        group_by=tuple(document["groupBy"]),
        window_ms=document["windowMs"],
        slide_ms=document["slideMs"],
        measures=tuple(
            Measure(each["name"], each["function"], each["argument"], _type(each["type"]))
            for each in document["measures"]
        ),
    )
