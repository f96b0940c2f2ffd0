import { join } from 'node:path';
import { namesIfPresent, readIfPresent } from '../util/files.ts';
import { isSinkName, localOutputPath, type OutputName, outputDamaged } from './sinks.ts';

/** The query that reads Kafka. The queries of gold tables have the names of their tables. */
export const INGEST = 'ingest';

/** The folder of a query's checkpoint. */
export function checkpointFolder(outputPath: string, query: string): string {
  return join(localOutputPath(outputPath), '_chk', query);
}

/** The progress of the query `ingest`. */
export interface Checkpoint {
  /** The folder of its checkpoint. */
  readonly folder: string;
  /** The topic it reads. Undefined until its start is fixed. */
  readonly topic: string | undefined;
  /** Where it began. Undefined until that is fixed. */
  readonly start: PartitionOffsets | undefined;
  /** The last committed micro-batch. The outputs of later ones are in flight. */
  readonly committed: PlannedBatch | undefined;
  /** The last planned micro-batch, committed or not. Undefined when there was none. */
  readonly lastPlannedBatch: number | undefined;
}

/**
 * How often the reading starts over when Spark cleaned up an entry before it was read. Spark keeps
 * 100 entries, so even one retry is rare.
 */
const ATTEMPTS = 5;

/**
 * Reads the checkpoint of `ingest` in Spark's standard layout. The query may be running.
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

/**
 * The committed batches that the checkpoint still has in full, oldest first (Spark keeps the last
 * 100).
 */
export async function committedBatches(checkpoint: Checkpoint): Promise<readonly PlannedBatch[]> {
  const known: PlannedBatch[] = [];
  for (const batch of await batchIds(checkpoint.folder, 'commits')) {
    if (checkpoint.committed === undefined || batch > checkpoint.committed.batch) break;
    const planned = await readPlannedBatch(checkpoint.folder, batch);
    if (planned) known.push(planned);
  }
  return known;
}

/**
 * The last committed micro-batch of the query that writes a sink or gold table, -1 before the
 * first.
 */
export async function lastCommittedBatch(outputPath: string, output: OutputName): Promise<number> {
  return lastCommittedOf(outputPath, isSinkName(output) ? INGEST : output);
}

/** The last committed micro-batch of a query, -1 before the first. */
export async function lastCommittedOf(outputPath: string, query: string): Promise<number> {
  return (await batchIds(checkpointFolder(outputPath, query), 'commits')).at(-1) ?? -1;
}

/** The micro-batches in one of a checkpoint's two logs, ascending. */
export async function batchIds(checkpoint: string, log: 'commits' | 'offsets'): Promise<readonly number[]> {
  const names = await namesIfPresent(join(checkpoint, log));
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Next offset by partition. Numbers are exact up to 2^53, which at a million records a second is
 * 285 years.
 */
export type PartitionOffsets = ReadonlyMap<number, number>;

/** What Spark planned for one micro-batch, from `offsets/<batch>` of a checkpoint. */
export interface PlannedBatch {
  readonly batch: number;
  readonly topic: string;
  /**
   * The first offset after this batch, by partition. The batch holds what is below this offset and
   * not in the batch before.
   */
  readonly end: PartitionOffsets;
  /** When the batch was planned, Unix ms. Its files have this time in their names. */
  readonly plannedAtMs: number;
}

/**
 * Reads one entry of a checkpoint's offset log: the line "v1", a line of metadata as JSON, and a
 * line with the Kafka source's end offsets as JSON (Spark's OffsetSeqLog). Spark renames complete
 * entries into place, so a reader never sees an incomplete one.
 * @returns undefined when there is no such entry: never planned, or cleaned up (the last 100 are
 * kept)
 * @throws ProductError OUTPUT_DAMAGED naming the file when it is not of that form
 */
async function readPlannedBatch(checkpoint: string, batch: number): Promise<PlannedBatch | undefined> {
  const path = join(checkpoint, 'offsets', String(batch));
  const content = await readIfPresent(path);
  if (content === undefined) return undefined;
  const [version, metadataLine, offsetsLine] = content.split('\n');
  if (version !== 'v1' || !metadataLine || !offsetsLine)
    throw damaged(path, 'three lines that begin with v1');
  const metadata = parseObject(path, metadataLine);
  const plannedAtMs = metadata['batchTimestampMs'];
  if (typeof plannedAtMs !== 'number') throw damaged(path, 'batchTimestampMs as a number');
  return { batch, ...parseOffsets(path, offsetsLine), plannedAtMs };
}

/**
 * Reads where a query began, from `sources/0/0` of its checkpoint: a zero byte and the line "v1"
 * (Spark's KafkaSourceInitialOffsetWriter), then the offsets as JSON.
 * @returns undefined until the query has fixed them
 */
async function readStartOffsets(
  checkpoint: string,
): Promise<{ readonly topic: string; readonly start: PartitionOffsets } | undefined> {
  const path = join(checkpoint, 'sources', '0', '0');
  const content = await readIfPresent(path);
  if (content === undefined) return undefined;
  const { topic, end } = parseOffsets(path, content.replace(/^\0/, '').replace(/^v1\n/, ''));
  return { topic, start: end };
}

/** Reads `{"<topic>":{"<partition>":<offset>}}`; the job reads one topic. */
function parseOffsets(path: string, json: string): { topic: string; end: PartitionOffsets } {
  const topics = Object.entries(parseObject(path, json));
  const [topic, byPartition] = topics[0] ?? [];
  if (topics.length !== 1 || topic === undefined || typeof byPartition !== 'object' || byPartition === null) {
    throw damaged(path, 'the offsets of exactly one topic');
  }
  const end = new Map<number, number>();
  for (const [partition, offset] of Object.entries(byPartition)) {
    if (!/^\d+$/.test(partition) || !Number.isSafeInteger(offset) || offset < 0) {
      throw damaged(path, 'partitions and offsets as whole numbers of 0 or more');
    }
    end.set(Number(partition), offset);
  }
  return { topic, end };
}

function parseObject(path: string, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw damaged(path, 'JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged(path, 'a JSON object');
  return value as Record<string, unknown>;
}

function damaged(path: string, expected: string, cause?: unknown): Error {
  return outputDamaged(`The checkpoint's file ${path} does not hold ${expected}.`, cause);
}
