import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Folders whose files are counted, below OUTPUT_PATH: each sink, and the parts of the checkpoint.
 */
const COUNTED = [
  'bronze',
  'silver',
  'quarantine',
  'gold',
  'raw_csv',
  '_staging',
  '_chk',
  '_chk/ingest/offsets',
  '_chk/ingest/commits',
  '_chk/ingest/sources',
  '_chk/gold/offsets',
  '_chk/gold/commits',
  '_chk/gold/sources',
  '_chk/gold/state',
  '_chk/_pruned',
] as const;

/** The number of files in each of the folders, by folder. */
export function countFiles(outputPath: string): ReadonlyMap<string, number> {
  return new Map(COUNTED.map((folder) => [folder, filesBelow(join(outputPath, folder))]));
}

function filesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  // A file that disappears during the count is not counted.
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;
}

/** The newest committed micro-batch, -1 when there is none. */
export function lastCommitted(outputPath: string): number {
  return Math.max(-1, ...batchIds(outputPath));
}

/**
 * Milliseconds from the plan of a micro-batch to its commit, by batch, for those that are still in
 * the checkpoint.
 */
export function batchDurations(outputPath: string): ReadonlyMap<number, number> {
  const folder = join(outputPath, '_chk', 'ingest');
  const writtenAt = (kind: string, batch: number) =>
    statSync(join(folder, kind, `${batch}`), { throwIfNoEntry: false })?.mtimeMs;
  const durations = new Map<number, number>();
  for (const batch of batchIds(outputPath)) {
    const [planned, committed] = [writtenAt('offsets', batch), writtenAt('commits', batch)];
    if (planned !== undefined && committed !== undefined) durations.set(batch, committed - planned);
  }
  return durations;
}

function batchIds(outputPath: string): readonly number[] {
  const folder = join(outputPath, '_chk', 'ingest', 'commits');
  return existsSync(folder)
    ? readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
    : [];
}
