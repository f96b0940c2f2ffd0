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
