import type { Checkpoint } from '../checkpoint.ts';
import type { PartitionOffsets, PlannedBatch } from '../offset-log.ts';

/** The part of gold that can be compared with silver. */
export interface GoldExtent {
  /** Gold's micro-batches up to this one read nothing that silver's committed files cannot hold. */
  readonly through: PlannedBatch;
  /** Where gold began to read. */
  readonly start: PartitionOffsets;
  /** Gold's micro-batches that the checkpoint still knows, oldest first, up to `through`. */
  readonly batches: readonly PlannedBatch[];
}

/**
 * The two queries advance on their own: gold is compared as of its last micro-batch whose records silver has all seen.
 * @returns undefined when there is nothing to compare yet, a reason when it cannot be compared
 */
export function goldExtent(
  gold: Checkpoint,
  batches: readonly PlannedBatch[],
  medallion: PlannedBatch | undefined,
): GoldExtent | string | undefined {
  if (gold.start === undefined || gold.committed === undefined) return undefined;
  const until = batches.findLastIndex(({ end }) =>
    [...end].every(
      ([partition, offset]) => offset <= (medallion?.end.get(partition) ?? gold.start?.get(partition) ?? 0),
    ),
  );
  const through = batches[until];
  if (through === undefined) {
    return "silver's query is behind every micro-batch of gold that the checkpoint still knows";
  }
  return { through, start: gold.start, batches: batches.slice(0, until + 1) };
}

/**
 * Windows that end at or before this instant (Unix ms) may be in pruned gold files; -Infinity when nothing was pruned, undefined
 * when the checkpoint no longer knows.
 */
export function prunedWindowsMs(extent: GoldExtent, prunedThrough: number): number | undefined {
  if (prunedThrough < 0) return Number.NEGATIVE_INFINITY;
  return extent.batches.find(({ batch }) => batch === prunedThrough)?.watermarkMs;
}

/** What decides whether a record was late: known for a record from its offset. */
export interface LateRule {
  readonly partition: number;
  /** Records below it, and not below that of an earlier rule, were read by this micro-batch. */
  readonly endOffset: number;
  /** Windows that end at or before it were closed to this micro-batch: their records were dropped. */
  readonly certainlyLateMs: number;
  /** Windows that end after it were open. Between the two it cannot be known: the checkpoint no longer tells the micro-batch. */
  readonly certainlyOpenMs: number;
}

/**
 * The rules by which Spark 3.5 drops late records: a micro-batch drops those whose window ends at or before the watermark of the
 * micro-batch before it. Of records read before the oldest micro-batch that is known, only a bound is known: watermarks never fall.
 */
export function lateRules(extent: GoldExtent): readonly LateRule[] {
  const rules: LateRule[] = [];
  let before: PlannedBatch | undefined;
  for (const batch of extent.batches) {
    for (const [partition, endOffset] of batch.end) {
      // A micro-batch without records in this partition adds no rule to it.
      if (before && (before.end.get(partition) ?? 0) >= endOffset) continue;
      const known = before !== undefined || batch.batch === 0;
      const lateMs = before?.watermarkMs ?? 0;
      rules.push({
        partition,
        endOffset,
        certainlyLateMs: known ? lateMs : 0,
        certainlyOpenMs: known ? lateMs : batch.watermarkMs,
      });
    }
    before = batch;
  }
  return rules;
}
