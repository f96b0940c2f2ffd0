"""The pipeline that the outputs were made by, kept in the checkpoint; a start with another one is refused."""

from __future__ import annotations

import json

from medallion.checkpoint_repair import damaged
from medallion.compatibility import Document, changes_of
from medallion.errors import refusal
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS
from medallion.sinks.naming import INGEST

PIPELINE_RECORD = f"{CHECKPOINTS}/_pipeline.json"
#: The checkpoint of releases whose only query made gold as well.
FORMER_CHECKPOINT = f"{CHECKPOINTS}/medallion"

_RESET = "`npm run reset -- --keep-topic`"


def refuse_former_layout(files: HadoopFiles) -> None:
    """Raises JobError (exit code 78) when an earlier release has made the outputs, with one query for
    everything.
    """
    if files.exists(FORMER_CHECKPOINT):
        raise refusal(
            f"{files.uri(FORMER_CHECKPOINT)} is of an earlier release, whose one query made gold as well; "
            "this job cannot go on with it",
            f"{_RESET} reads the topic again",
        )


def keep_pipeline(files: HadoopFiles, pipeline_json: str) -> None:
    """Keeps the pipeline in `_chk/_pipeline.json`, before any query starts.

    Raises JobError (exit code 78) when another pipeline has made the outputs, unless this one merely adds
    optional fields or gold tables; then it takes the other one's place.
    """
    if not files.names(f"{CHECKPOINTS}/{INGEST}"):
        # Nothing is made yet.
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
