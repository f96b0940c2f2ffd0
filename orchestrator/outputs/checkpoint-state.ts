import { readCheckpoint } from './checkpoint.ts';
import { sinkFiles } from './committed-files.ts';
import type { PartitionOffsets } from './offset-log.ts';

/**
 * Whether the job has fixed where it begins to read: from then on no record sent later can be missed, also with
 * STARTING_OFFSETS=latest. A few file operations, no database.
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function streamingStartFixed(
  outputPath: string,
): Promise<{ readonly fixed: boolean; readonly detail: string }> {
  const { start } = await readCheckpoint(outputPath);
  if (start === undefined) return { fixed: false, detail: 'start offsets not fixed yet' };
  return { fixed: true, detail: `start offsets are fixed: ${text(start)}` };
}

/**
 * Whether a micro-batch with data is committed and the files of bronze and silver are there. A few file operations, no database.
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function firstDataCommitted(
  outputPath: string,
): Promise<{ readonly committed: boolean; readonly detail: string }> {
  const { committed, lastPlannedBatch } = await readCheckpoint(outputPath);
  if (committed === undefined) {
    const detail =
      lastPlannedBatch === undefined
        ? 'no micro-batch has begun yet'
        : `micro-batch ${lastPlannedBatch} is at work, none is committed yet`;
    return { committed: false, detail };
  }
  const [bronze, silver] = await Promise.all([
    sinkFiles(outputPath, 'bronze'),
    sinkFiles(outputPath, 'silver'),
  ]);
  const missing = [
    ...(bronze.some(({ batch }) => batch <= committed.batch) ? [] : ['bronze']),
    ...(silver.some(({ batch }) => batch <= committed.batch) ? [] : ['silver']),
  ];
  const upTo = `micro-batch ${committed.batch} is committed`;
  if (missing.length === 0) return { committed: true, detail: `${upTo}, bronze and silver have files` };
  return { committed: false, detail: `${upTo}, no committed file in ${missing.join(' and ')} yet` };
}

const text = (offsets: PartitionOffsets): string =>
  [...offsets].map(([partition, offset]) => `${partition}:${offset}`).join(' ');
