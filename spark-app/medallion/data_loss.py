"""What became of records that the query wanted to read and the topic no longer has."""

from __future__ import annotations

from typing import Optional

from medallion.errors import JobError, refusal
from medallion.offset_log import OffsetLog
from medallion.sinks.naming import INGEST
from medallion.source_manifest import SourceManifest, refuse_recreated_topic
from medallion.topic import Topic

_HINT = (
    "`npm run reset -- --keep-topic` reads what is left from its start, "
    "FAIL_ON_DATA_LOSS=false goes on after the gap, which `npm run verify` then shows as missing"
)


def loss_of(topic: Topic, manifest: SourceManifest, log: OffsetLog) -> Optional[JobError]:
    """The error (exit code 78) for records that are gone, with their offsets; None when the topic has
    everything that was not read yet. Raises JobError (exit code 78) when the topic is another one.
    """
    refuse_recreated_topic(manifest, topic.topic_id)
    committed = log.read(log.last_committed())
    # A partition that is new is read from its first record.
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
            _HINT,
        )
    if cut:
        return refusal(
            f"topic {topic.name} has lost records that query {INGEST} had read: {', '.join(cut)}",
            "the broker has lost data: `npm run reset` starts afresh",
        )
    return None
