"""Fields with any name that JSON and Parquet can have: every sink has them, and gold reads them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from medallion.gold_query import start_gold
from medallion.hadoop_files import HadoopFiles
from medallion.ingest import Ingest
from medallion.offset_log import OffsetLog
from medallion.parse import Parser
from medallion.session import use_local_checkpoints
from medallion.settings import load_settings
from medallion.shutdown_guard import ShutdownGuard
from medallion.sinks.single_file import rows_of
from tests.outputs import SOURCE, batch, plan_batch
from tests.parsing import contract, field

_WHEN = "when?"
#: Names of the job's own columns are among them, and some that differ from those only by case.
NAMES = (
    *("order-id", "日付", "select", "a.b", "with space", 'quo"te', "it's", "back`tick", "back\\slash"),
    *("comma,name", "semi;{}()=", "1", "Value", "KEY", "headers", "is_silver", "reason", "detail"),
    *("window", "read", "exact", "__proto__", "${env:HOME}", "💳", "ſ", "batch", "x" * 255),
)


def _column(path: str) -> dict[str, Any]:
    return {"op": "column", "name": path}


def _equals(path: str, kind: str, value: str) -> dict[str, Any]:
    return {"op": "=", "args": [_column(path), {"op": "literal", "type": kind, "value": value}]}


PIPELINE = contract(
    field(_WHEN, "timestamp", required=True),
    *(field(name, "string", required=index % 2 == 0) for index, name in enumerate(NAMES)),
    field("a", "object", fields=[field("b", "string"), field("c.`d", "integer", required=True)]),
    eventTime={"field": _WHEN, "watermarkMs": 0},
    rawCsv={"columns": [*NAMES, "event_time", "a"]},
    expectations={
        "expect": [
            {"name": "seven", "sql": "", "expression": _equals("a.`c.``d`", "integer", "7")},
            # A text with ${…} is a text.
            {"name": "home", "sql": "", "expression": _equals("`${env:HOME}`", "string", "${env:HOME}")},
        ],
        "expectOrQuarantine": [
            {"name": "dotted", "sql": "", "expression": _equals("`a.b`", "string", "value of a.b")},
        ],
    },
    gold=[
        {
            "name": "odd",
            "groupBy": ["a.b", "window"],
            "windowMs": 60_000,
            "slideMs": 60_000,
            "measures": [
                {
                    "name": "how-many.",
                    "function": "sum",
                    "argument": _column("a.`c.``d`"),
                    "type": {"kind": "integer"},
                },
                {
                    "name": "`select`",
                    "function": "max",
                    "argument": _column("select"),
                    "type": {"kind": "string"},
                },
            ],
        }
    ],
)
EVENT = {
    _WHEN: "2026-01-01T00:00:10Z",
    **{name: f"value of {name}" for name in NAMES},
    "${env:HOME}": "${env:HOME}",
    "a": {"b": "inside", "c.`d": 7},
}
SPELLINGS = (
    json.dumps(EVENT, ensure_ascii=False),
    json.dumps(EVENT),
    json.dumps(dict(reversed(list(EVENT.items())))),
)


def _ingest(spark: SparkSession, root: Path, values: list[Any], parallel: bool) -> Any:
    plan_batch(root, "ingest", 0, {"0": len(values)})
    files = HadoopFiles(spark, str(root))
    parser = Parser(PIPELINE)
    job = Ingest(
        PIPELINE,
        lambda records, has_lines: rows_of(PIPELINE, parser.parse(records), has_lines),
        *(files, OffsetLog(files, "ingest", {"0": 0}), SOURCE, 0),
        parallel=parallel,
    )
    return job.write(batch(spark, values), 0)


@pytest.mark.parametrize("parallel", [False, True], ids=["single", "parallel"])
@pytest.mark.parametrize("small", [True, False], ids=["small", "large"])
def test_every_sink_has_the_columns(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parallel: bool, small: bool
) -> None:
    if not small:
        monkeypatch.setattr("medallion.ingest.ONE_TASK_RECORDS", 1)
    rejected = [
        json.dumps({**EVENT, "a.b": "another"}),
        json.dumps({name: value for name, value in EVENT.items() if name != "with space"}),
        json.dumps({**EVENT, "order-id": []}),
    ]
    other = json.dumps({**EVENT, "a": {"c.`d": 8}, "${env:HOME}": "home"})
    counts = _ingest(spark, tmp_path, [*SPELLINGS, other, *rejected], parallel)
    assert counts.rows == {"bronze": 7, "silver": 4, "quarantine": 3, "raw_csv": 4}
    assert counts.rejected == {"bad_order-id": 1, "dotted": 1, "missing_with space": 1}
    assert counts.unmet == {"seven": 1, "home": 1}

    silver = spark.read.parquet(str(tmp_path / "silver"))
    assert silver.columns == [*NAMES, "a", "event_time", "kafka_ts", "topic", "partition", "offset"]
    rows = [row.asDict(recursive=True) for row in silver.orderBy("offset").collect()]
    for row in rows[:3]:
        assert {_WHEN: EVENT[_WHEN], **{name: row[name] for name in (*NAMES, "a")}} == EVENT
    assert [rows[3]["a"], rows[3]["${env:HOME}"]] == [{"b": None, "c.`d": 8}, "home"]

    quarantine = spark.read.parquet(str(tmp_path / "quarantine")).orderBy("offset")
    assert [row.detail for row in quarantine.collect()][1:] == [
        "with space: not there, or null",
        "order-id: [] is no text",
    ]
    (file,) = (tmp_path / "raw_csv").iterdir()
    with file.open(newline="", encoding="utf-8") as lines:
        header, *read = list(csv.reader(lines))
    assert header == list(PIPELINE.raw_csv_columns)
    assert [row[: len(NAMES)] for row in read].count([EVENT[name] for name in NAMES]) == len(SPELLINGS)


def test_gold_has_keys_and_measures_of_these_names(spark: SparkSession, tmp_path: Path) -> None:
    later = json.dumps({**EVENT, _WHEN: "2026-01-01T01:00:00Z"})
    _ingest(spark, tmp_path, [*SPELLINGS, later], parallel=False)
    files = HadoopFiles(spark, str(tmp_path))
    settings = replace(load_settings({}), pipeline=PIPELINE, gold_trigger_interval="0 seconds")
    use_local_checkpoints(spark, files)
    query = start_gold(spark, settings, files, PIPELINE.gold[0], ShutdownGuard())
    try:
        query.processAllAvailable()
    finally:
        query.stop()
    (row,) = spark.read.parquet(str(tmp_path / "odd")).collect()
    assert row.asDict() == {
        "a.b": "value of a.b",
        "window": "value of window",
        "window_start": row["window_start"],
        "window_end": row["window_end"],
        "how-many.": 21,
        "`select`": "value of select",
    }
