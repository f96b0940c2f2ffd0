import { join } from 'node:path';
import { z } from 'zod';
import { type Checkpoint, committedBatches } from './checkpoint.ts';
import type { PlannedBatch } from './offset-log.ts';
import { readIfPresent } from './optional-file.ts';
import { outputDamaged } from './output-damaged.ts';

/** A committed micro-batch with the watermark it left. */
export interface GoldBatch extends PlannedBatch {
  /** Event times up to this instant (Unix ms) are complete: windows that end by it are closed by this batch. -Infinity: none yet. */
  readonly watermarkMs: number;
}

const state = z.object({ watermark_ms: z.number().int().nullable(), open_windows: z.number().int().min(0) });

/**
 * The committed micro-batches that the checkpoint still knows, oldest first, with what the job keeps of each for gold in
 * `_chk/gold/<batch>.json`. Of batches before a gap nothing is given: who was late in them is not known.
 * @throws ProductError OUTPUT_DAMAGED naming the file
 */
export async function goldBatches(checkpoint: Checkpoint): Promise<readonly GoldBatch[]> {
  const known: GoldBatch[] = [];
  for (const batch of await committedBatches(checkpoint)) {
    const watermarkMs = await watermarkAfter(join(checkpoint.folder, '..', 'gold', `${batch.batch}.json`));
    if (watermarkMs === undefined) known.length = 0;
    else known.push({ ...batch, watermarkMs });
  }
  return known;
}

async function watermarkAfter(path: string): Promise<number | undefined> {
  const content = await readIfPresent(path);
  if (content === undefined) return undefined;
  try {
    return state.parse(JSON.parse(content)).watermark_ms ?? Number.NEGATIVE_INFINITY;
  } catch (cause) {
    throw outputDamaged(`${path} does not hold the watermark and the open windows of gold.`, cause);
  }
}
