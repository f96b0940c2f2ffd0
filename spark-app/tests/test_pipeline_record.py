from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest
from pyspark.sql import SparkSession

from medallion.errors import EXIT_REFUSED, JobError
from medallion.hadoop_files import HadoopFiles
from medallion.pipeline_record import keep_pipeline, refuse_former_layout

_FIXTURES = Path(__file__).parents[2] / "data/fixtures/pipelines"
EVERYTHING = (_FIXTURES / "everything/pipeline.json").read_text("utf-8")


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> HadoopFiles:
    return HadoopFiles(spark, str(tmp_path))


def start_query(root: Path) -> None:
    (root / "_chk/ingest/offsets").mkdir(parents=True, exist_ok=True)


def with_field(required: bool) -> str:
    pipeline = json.loads(EVERYTHING)
    field = {"name": "note", "required": required, "type": {"kind": "string"}, "constraints": {}}
    return json.dumps({**pipeline, "fingerprint": "other", "fields": [*pipeline["fields"], field]})


def refused(files: HadoopFiles, match: str, work: Any, *arguments: Any) -> None:
    with pytest.raises(JobError, match=match) as caught:
        work(files, *arguments)
    assert caught.value.exit_code == EXIT_REFUSED
    assert "npm run reset -- --keep-topic" in caught.value.hint


def test_outputs_of_the_former_layout_are_refused(files: HadoopFiles, tmp_path: Path) -> None:
    refuse_former_layout(files)
    (tmp_path / "_chk/ingest").mkdir(parents=True)
    refuse_former_layout(files)
    (tmp_path / "_chk/medallion").mkdir()
    refused(files, "_chk/medallion is of an earlier release", refuse_former_layout)


def test_the_pipeline_is_kept_as_it_was_read(files: HadoopFiles, tmp_path: Path) -> None:
    keep_pipeline(files, EVERYTHING)
    assert (tmp_path / "_chk/_pipeline.json").read_text("utf-8").strip() == EVERYTHING.strip()
    start_query(tmp_path)
    keep_pipeline(files, EVERYTHING)


def test_another_pipeline_is_refused_once_a_query_has_started(files: HadoopFiles, tmp_path: Path) -> None:
    keep_pipeline(files, with_field(required=True))
    keep_pipeline(files, EVERYTHING)
    start_query(tmp_path)
    refused(files, "the field note is new and required", keep_pipeline, with_field(required=True))
    kept = json.loads((tmp_path / "_chk/_pipeline.json").read_text("utf-8"))
    assert kept == json.loads(EVERYTHING)


def test_what_merely_adds_takes_the_place_of_the_kept_one(files: HadoopFiles, tmp_path: Path) -> None:
    keep_pipeline(files, EVERYTHING)
    start_query(tmp_path)
    keep_pipeline(files, with_field(required=False))
    refused(files, "the field note is gone", keep_pipeline, EVERYTHING)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "\0\0"])
def test_a_torn_record_of_the_pipeline_is_refused_by_name(
    files: HadoopFiles, tmp_path: Path, content: Optional[str]
) -> None:
    keep_pipeline(files, EVERYTHING)
    path = tmp_path / "_chk/_pipeline.json"
    path.unlink() if content is None else path.write_text(content)
    # Before a query has started nothing depends on the record.
    keep_pipeline(files, EVERYTHING)
    start_query(tmp_path)
    path.unlink() if content is None else path.write_text(content)
    refused(files, "_chk/_pipeline.json is missing, empty or torn", keep_pipeline, EVERYTHING)
