import type { PartitionState } from './compare-topic.ts';
import type { DifferenceLog } from './difference.ts';
import { type OffsetRanges, RangeBuilder } from './offset-set.ts';
import type { OffsetRange, TopicReader } from './topic-reader.ts';

/** What the committed offsets of a partition hold that are not in bronze. */
export interface GapTally {
  /** Records. */
  missing: number;
  /** Markers that end transactions. */
  markers: number;
  /** Records whose transactions were aborted. */
  aborted: number;
  /** Nothing any more: the topic was compacted. */
  compacted: number;
}

export interface GapQuestion {
  readonly gaps: ReadonlyMap<number, OffsetRanges>;
  readonly states: readonly PartitionState[];
  /** Without one, every gap counts as missing records. */
  readonly reader: TopicReader | undefined;
  readonly signal: AbortSignal | undefined;
}

const TALLIED = { marker: 'markers', aborted: 'aborted', compacted: 'compacted' } as const;

/**
 * Asks the topic what the offsets hold that bronze lacks, and notes those with a record. What the topic no longer has counts as
 * missing: nobody can tell any more what it was. Where bronze has no gap the topic is not read at all.
 * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
 */
export async function explainGaps(
  { gaps, states, reader, signal }: GapQuestion,
  log: DifferenceLog,
): Promise<ReadonlyMap<number, GapTally>> {
  const tallies = new Map<number, GapTally>();
  for (const [partition, ranges] of gaps) {
    const tally: GapTally = { missing: 0, markers: 0, aborted: 0, compacted: 0 };
    tallies.set(partition, tally);
    const missing = new RangeBuilder((from, to) => {
      tally.missing += to - from;
      log.add({ kind: 'missing', sink: 'bronze', partition, from, to: to - 1, count: to - from });
    });
    const state = states.find((known) => known.partition === partition);
    const there = { from: state?.begin ?? 0, to: reader ? (state?.end ?? 0) : 0 };
    for (const { from, to } of outside(ranges, there, 'before')) missing.addRange(from, to);
    const inTopic = reader?.contents(partition, within(ranges, there), signal) ?? [];
    for await (const { from, to, content } of inTopic) {
      if (content === 'record') missing.addRange(from, to);
      else tally[TALLIED[content]] += to - from;
    }
    for (const { from, to } of outside(ranges, there, 'after')) missing.addRange(from, to);
    missing.end();
  }
  return tallies;
}

function* within(ranges: Iterable<OffsetRange>, bounds: OffsetRange): Generator<OffsetRange> {
  for (const range of ranges) {
    const from = Math.max(range.from, bounds.from);
    const to = Math.min(range.to, bounds.to);
    if (from < to) yield { from, to };
  }
}

function outside(
  ranges: Iterable<OffsetRange>,
  bounds: OffsetRange,
  side: 'before' | 'after',
): Generator<OffsetRange> {
  const end = Math.max(bounds.from, bounds.to);
  return within(
    ranges,
    side === 'before' ? { from: 0, to: bounds.from } : { from: end, to: Number.POSITIVE_INFINITY },
  );
}
