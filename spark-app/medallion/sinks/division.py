"""How a batch is divided into parts, one file each of every sink (SINK_FILES=parallel).

Gold reads a file of silver as soon as it has its name, and knows it by that name from then on. A replay must
therefore give each name the rows that it had. So the division follows from the planned offsets alone, never
from tasks, cores or the size of records: the records, in the order of partition and offset, are cut into
slices of equal length.
"""

from __future__ import annotations

from typing import Mapping, Optional

from medallion.offset_log import Range, count_of

#: A part has at most so many records. With another number here a replay of a batch of before, published in
#: part, would divide it otherwise.
PART_RECORDS = 100_000
#: The same for the number of parts: each is a branch of a plan, and a file.
MOST_PARTS = 100

#: The offsets of a part by partition; None for whatever a batch has.
Slice = Optional[Mapping[int, Range]]


def divide(ranges: Optional[Mapping[str, Range]]) -> list[Slice]:
    """The parts of a batch that covers these offsets; one when they are not known or few."""
    count = count_of(dict(ranges)) if ranges else 0
    parts = min(MOST_PARTS, -(-count // PART_RECORDS))
    if not ranges or parts <= 1:
        return [None]
    length = -(-count // parts)
    slices: list[dict[int, Range]] = [{} for _ in range(-(-count // length))]
    before = 0
    for partition, (start, end) in sorted((int(name), of) for name, of in ranges.items()):
        at = start
        while at < end:
            number = (before + at - start) // length
            until = min(end, start - before + (number + 1) * length)
            slices[number][partition] = Range(at, until)
            at = until
        before += end - start
    return list(slices)


def condition(part: Mapping[int, Range]) -> str:
    """SQL for the rows of a part, by their partition and offset."""
    each = [f"(partition = {n} and offset >= {start} and offset < {end})" for n, (start, end) in part.items()]
    return " or ".join(each)
