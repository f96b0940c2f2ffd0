import { join } from 'node:path';
import { localOutputPath } from './local-path.ts';
import {
  type PartitionOffsets,
  type PlannedBatch,
  readPlannedBatch,
  readStartOffsets,
} from './offset-log.ts';
import { namesIfPresent } from './optional-file.ts';
import { outputDamaged } from './output-damaged.ts';
import { isSinkName, type OutputName } from './sinks.ts';

/** The query that reads Kafka. Those of gold tables are named as the tables. */
export const INGEST = 'ingest';

/** Where a query's checkpoint is. */
export function checkpointFolder(outputPath: string, query: string): string {
  return join(localOutputPath(outputPath), '_chk', query);
}

/** How far the query `ingest` has come. */
export interface Checkpoint {
  /** Where its checkpoint is. */
  readonly folder: string;
  /** The topic it reads; undefined as long as its start is not fixed. */
  readonly topic: string | undefined;
  /** Where it began; undefined as long as that is not fixed. */
  readonly start: PartitionOffsets | undefined;
  /** The last micro-batch that is committed: what later ones wrote is in flight. */
  readonly committed: PlannedBatch | undefined;
  /** The last micro-batch that was planned, committed or not; undefined when there was none. */
  readonly lastPlannedBatch: number | undefined;
}

/** How often the reading starts over when Spark cleaned up the entry that was to be read: it keeps 100, so once is rare. */
const ATTEMPTS = 5;

/**
 * Reads the checkpoint of `ingest` in Spark's standard layout; also while the query runs.
 * @param outputPath OUTPUT_PATH
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming a file that is damaged or missing
 */
export async function readCheckpoint(outputPath: string): Promise<Checkpoint> {
  const folder = checkpointFolder(outputPath, INGEST);
  let missing: number | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const committedBatch = (await batchIds(folder, 'commits')).at(-1);
    const lastPlannedBatch = (await batchIds(folder, 'offsets')).at(-1);
    const started = await readStartOffsets(folder);
    const committed =
      committedBatch === undefined ? undefined : await readPlannedBatch(folder, committedBatch);
    if (committedBatch !== undefined && (committed === undefined || started === undefined)) {
      if (started === undefined)
        throw outputDamaged(`${join(folder, 'sources/0/0')} is missing, yet batches are committed.`);
      missing = committedBatch;
      continue;
    }
    return { folder, topic: started?.topic, start: started?.start, committed, lastPlannedBatch };
  }
  throw outputDamaged(
    `${join(folder, 'offsets', String(missing))} is missing, yet batch ${missing} is committed.`,
  );
}

/** The committed batches that the checkpoint still knows in full, oldest first (Spark keeps the last 100). */
export async function committedBatches(checkpoint: Checkpoint): Promise<readonly PlannedBatch[]> {
  const known: PlannedBatch[] = [];
  for (const batch of await batchIds(checkpoint.folder, 'commits')) {
    if (checkpoint.committed === undefined || batch > checkpoint.committed.batch) break;
    const planned = await readPlannedBatch(checkpoint.folder, batch);
    if (planned) known.push(planned);
  }
  return known;
}

/** The last committed micro-batch of the query that writes a sink or gold table, -1 before the first. */
export async function lastCommittedBatch(outputPath: string, output: OutputName): Promise<number> {
  return lastCommittedOf(outputPath, isSinkName(output) ? INGEST : output);
}

/** The last committed micro-batch of a query, -1 before the first. */
export async function lastCommittedOf(outputPath: string, query: string): Promise<number> {
  return (await batchIds(checkpointFolder(outputPath, query), 'commits')).at(-1) ?? -1;
}

/** The micro-batches that one of a checkpoint's two logs has, ascending. */
export async function batchIds(checkpoint: string, log: 'commits' | 'offsets'): Promise<readonly number[]> {
  const names = await namesIfPresent(join(checkpoint, log));
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
