"""The source manifest: what the outputs were made from. It is next to the checkpoints, and a start
that does not fit it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Optional

from medallion.checkpoint_repair import IngestRepair, damaged
from medallion.errors import JobError, refusal
from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS, OffsetLog
from medallion.sinks.naming import INGEST, INGEST_SINKS, batches_of, gold_sink
from medallion.topic import Topic, resolve_starting_offsets

MANIFEST = f"{CHECKPOINTS}/_source.json"

_RESET = "`npm run reset` starts afresh (`npm run reset -- --keep-topic` keeps the topic and reads it again)"
_GO_ON = (
    "`npm run reset -- --keep-topic` reads what is left from its start, "
    "FAIL_ON_DATA_LOSS=false goes on after the gap, which `npm run verify` then shows as missing"
)


@dataclass(frozen=True)
class SourceManifest:
    """The topic, its Kafka id, the start offsets, and whether the query has fixed these in its
    checkpoint.
    """

    topic: str
    topic_id: str
    starting_offsets: dict[str, int]
    query_started: bool = False


def open_source(
    files: HadoopFiles, topic: Topic, starting_offsets: str, gold_tables: Sequence[str]
) -> SourceManifest:
    """The manifest of an earlier start when the outputs fit it, otherwise a new one.

    Raises JobError (exit code 78) when the topic is another one or was recreated, or when there are
    files without their checkpoint or a checkpoint without its manifest.
    """
    manifest = _read(files)
    if manifest is None:
        _refuse_unplanned_files(files, None, gold_tables)
        manifest = SourceManifest(
            topic.name, topic.topic_id, resolve_starting_offsets(starting_offsets, topic)
        )
        _write(files, manifest)
        return manifest
    if manifest.topic != topic.name:
        raise refusal(
            f"the outputs in {files.uri()} were made from topic {manifest.topic}, not {topic.name}",
            f"set KAFKA_TOPIC={manifest.topic} or another OUTPUT_PATH, or: {_RESET}",
        )
    refuse_recreated_topic(manifest, topic.topic_id)
    log = OffsetLog(files, INGEST, manifest.starting_offsets)
    IngestRepair(files, log, topic).run()
    if manifest.query_started and not log.has_start():
        raise refusal(f"the checkpoint in {files.uri(log.checkpoint)} is gone", _RESET)
    _refuse_unplanned_files(files, manifest, gold_tables)
    return manifest if log.has_start() else _with_new_partitions(files, manifest, topic)


def mark_started(files: HadoopFiles, manifest: SourceManifest) -> None:
    """Records that the query has fixed its start offsets: from now on a missing checkpoint is a
    lost one.
    """
    if not manifest.query_started:
        _write(files, replace(manifest, query_started=True))


def refuse_recreated_topic(manifest: SourceManifest, topic_id: str) -> None:
    """Raises JobError (exit code 78) when the topic is not the one that the outputs were made
    from.
    """
    if manifest.topic_id != topic_id:
        raise refusal(
            f"topic {manifest.topic} was deleted and created again (its id was {manifest.topic_id}, now it "
            f"is {topic_id}), so the offsets in the checkpoint mean other records",
            _RESET,
        )


def loss_of(topic: Topic, manifest: SourceManifest, log: OffsetLog) -> Optional[JobError]:
    """The error (exit code 78) for records that are gone, with their offsets; None when the topic
    has all records that were not read yet. Raises JobError (exit code 78) when the topic is another
    one.
    """
    refuse_recreated_topic(manifest, topic.topic_id)
    committed = log.read(log.last_committed())
    # A new partition is read from its first record.
    read = committed.end_offsets if committed else manifest.starting_offsets
    gone = [
        f"{read.get(partition, 0)} to {begin - 1} of partition {partition}"
        for partition, begin in sorted(topic.earliest.items(), key=lambda item: int(item[0]))
        if begin > read.get(partition, 0)
    ]
    cut = [
        f"partition {partition} ends at {topic.log_end.get(partition, 0)}, and {end} were read"
        for partition, end in sorted(read.items(), key=lambda item: int(item[0]))
        if end > topic.log_end.get(partition, 0)
    ]
    if gone:
        return refusal(
            f"records were removed from topic {topic.name} (retention) before query {INGEST} read them: "
            f"offsets {', '.join(gone)}",
            _GO_ON,
        )
    if cut:
        return refusal(
            f"topic {topic.name} has lost records that query {INGEST} had read: {', '.join(cut)}",
            "the broker has lost data: `npm run reset` starts afresh",
        )
    return None


def _read(files: HadoopFiles) -> Optional[SourceManifest]:
    text = files.read_text(MANIFEST)
    if text is None:
        return None
    try:
        return SourceManifest(**json.loads(text))
    except (ValueError, TypeError) as error:
        # Nothing else records which topic the outputs are of.
        if _has_outputs(files):
            raise damaged(files.uri(MANIFEST)) from error
        return None


def _with_new_partitions(files: HadoopFiles, manifest: SourceManifest, topic: Topic) -> SourceManifest:
    """The manifest while the query has not fixed its start. Partitions that were added since are
    read from their first record, like those that are added later. Kafka's source requires an offset
    for each.
    """
    offsets = {**topic.earliest, **manifest.starting_offsets}
    if offsets == manifest.starting_offsets:
        return manifest
    extended = replace(manifest, starting_offsets=offsets)
    _write(files, extended)
    return extended


def _write(files: HadoopFiles, manifest: SourceManifest) -> None:
    files.make_folder(CHECKPOINTS)
    files.write_text(MANIFEST, json.dumps(asdict(manifest)))


def _has_outputs(files: HadoopFiles) -> bool:
    has_files = any(batches_of(sink, files.names(sink.folder)) for sink in INGEST_SINKS)
    return has_files or bool(files.names(f"{CHECKPOINTS}/{INGEST}"))


def _refuse_unplanned_files(
    files: HadoopFiles, manifest: Optional[SourceManifest], gold_tables: Sequence[str]
) -> None:
    """Raises JobError (exit code 78) for a checkpoint without a manifest, and for files without a
    checkpoint.
    """
    for query in (INGEST, *gold_tables):
        log = OffsetLog(files, query)
        last = log.last_planned()
        if manifest is None and files.names(log.checkpoint):
            raise refusal(f"{files.uri(CHECKPOINTS)} has a checkpoint but no _source.json next to it", _RESET)
        cause = f"ends with batch {last}" if last >= 0 else "is not there"
        checkpoint = f"the checkpoint in {files.uri(log.checkpoint)}" if manifest else "its checkpoint"
        for sink in INGEST_SINKS if query == INGEST else (gold_sink(query),):
            for name, batch_id in batches_of(sink, files.names(sink.folder)).items():
                if batch_id > last:
                    raise refusal(f"{files.uri(sink.folder)} has {name}, but {checkpoint} {cause}", _RESET)
