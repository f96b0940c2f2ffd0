import type { Checkpoint } from '../checkpoint.ts';
import type { GoldBatch } from '../gold-state.ts';
import type { PartitionOffsets } from '../offset-log.ts';

/** The part of gold that can be compared with silver. */
export interface GoldExtent {
  /** The last committed micro-batch. */
  readonly through: GoldBatch;
  /** Where the job began to read. */
  readonly start: PartitionOffsets;
  /** The micro-batches that the checkpoint still knows, oldest first, up to `through`. */
  readonly batches: readonly GoldBatch[];
}

/** @returns undefined when there is nothing to compare yet */
export function goldExtent(checkpoint: Checkpoint, batches: readonly GoldBatch[]): GoldExtent | undefined {
  const through = batches.at(-1);
  if (checkpoint.start === undefined || through === undefined) return undefined;
  return { through, start: checkpoint.start, batches };
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
 * The rules by which late records are dropped: a micro-batch drops those whose window ends at or before the watermark that the
 * micro-batch before it has left. Of records read before the oldest micro-batch that is known, only a bound is known: watermarks never fall.
 */
export function lateRules(extent: GoldExtent): readonly LateRule[] {
  const rules: LateRule[] = [];
  let before: GoldBatch | undefined;
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
