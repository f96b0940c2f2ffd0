"""Pruning of a sink to its newest files, with a record of the deleted ones, so that `verify` can
distinguish pruned from lost.
"""

from __future__ import annotations

import json
from itertools import groupby, takewhile
from typing import Any, Callable, List, Optional, Set

from py4j.protocol import Py4JJavaError

from medallion.hadoop_files import HadoopFiles
from medallion.offset_log import CHECKPOINTS, OffsetLog
from medallion.sinks.naming import Sink, batches_of, part_of

#: Returns those of the given files that have been read.
ReadFiles = Callable[[List[str]], Set[str]]


def pruned_record(sink: Sink) -> str:
    """The path of a sink's record: {"sink","through_batch","offsets":{partition:
    next}|null,"files","rows":number|null}.
    """
    return f"{CHECKPOINTS}/_pruned/{sink.folder}.json"


def prune(files: HadoopFiles, log: OffsetLog, sink: Sink, keep: int, read: Optional[ReadFiles] = None) -> int:
    """Deletes the files of all but the `keep` newest batches of a sink (0 keeps all), oldest first,
    and returns their number. The order of batches is that of their ids; the parts of a batch stay
    or go together. `read` returns the files that every gold query has read: the first batch with
    another file is kept, and so are all after it.

    Only names of the output contract count. The record is written before the first file is deleted;
    files that it covers already (left by a crash between the two) are deleted without being counted
    again. `offsets` is null when the offset log no longer reaches back to that batch, or when its
    query reads no topic. `rows` is null where it is not known: for raw_csv, whose rows are
    silver's, and once a file could not be read.
    """
    if keep == 0:
        return 0
    order = batches_of(sink, files.names(sink.folder))
    # Names order two runs' batches of the same id, so that a repetition deletes the same files.
    by_batch = groupby(sorted(order, key=lambda name: (order[name], name)), lambda name: _stem(sink, name))
    batches_doomed = [list(names) for _, names in by_batch][:-keep]
    if batches_doomed and read is not None:
        have_read = read([name for names in batches_doomed for name in names])
        batches_doomed = list(takewhile(have_read.issuperset, batches_doomed))
    doomed = [name for names in batches_doomed for name in names]
    if not doomed:
        return 0
    before = _recorded(files.read_text(pruned_record(sink)))
    new = [name for name in doomed if order[name] > before["through_batch"]]
    if new:
        through = max(order[name] for name in new)
        batch = log.read(through)
        record = {
            "sink": sink.folder,
            "through_batch": through,
            "offsets": (batch.end_offsets or None) if batch else None,
            "files": before["files"] + len(new),
            # A record from before rows were counted has none.
            "rows": _rows(files, sink, new, before.get("rows")),
        }
        files.write_text(pruned_record(sink), json.dumps(record))
    for name in doomed:
        files.delete(f"{sink.folder}/{name}")
    return len(doomed)


def _stem(sink: Sink, name: str) -> str:
    """The common part of the names of a batch's files."""
    return name.rsplit("." if part_of(sink, name) is None else "_", 1)[0]


def _rows(files: HadoopFiles, sink: Sink, names: list[str], before: Optional[int]) -> Optional[int]:
    """The number of rows of earlier pruned files and of these, None when it is not known."""
    if before is None or sink.extension != "parquet":
        return None
    try:
        return before + sum(files.parquet_rows(f"{sink.folder}/{name}") for name in names)
    except Py4JJavaError:
        # A file that cannot be read is deleted as well: pruning must not depend on it.
        return None


def _recorded(text: Optional[str]) -> dict[str, Any]:
    """The content of a record. A torn one starts from zero, since the next pruning covers all
    batches before it; only the former counts are lost.
    """
    if text is None:
        return {"through_batch": -1, "files": 0, "rows": 0}
    try:
        record = json.loads(text)
        return {"rows": None, **record, "through_batch": int(record["through_batch"])}
    except (ValueError, KeyError, TypeError):
        return {"through_batch": -1, "files": 0, "rows": None}
