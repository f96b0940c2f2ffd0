import { join } from 'node:path';
import { readIfPresent } from './optional-file.ts';
import { outputDamaged } from './output-damaged.ts';

/** Next offset by partition. Numbers are exact up to 2^53, which at a million records a second is 285 years. */
export type PartitionOffsets = ReadonlyMap<number, number>;

/** What Spark planned for one micro-batch, from `offsets/<batch>` of a checkpoint. */
export interface PlannedBatch {
  readonly batch: number;
  readonly topic: string;
  /** The first offset after this batch, by partition: it holds what is below and was not in the batch before. */
  readonly end: PartitionOffsets;
  /** When the batch was planned, Unix ms; its files are named after it. */
  readonly plannedAtMs: number;
}

/**
 * Reads one entry of a checkpoint's offset log: the line "v1", a line of metadata as JSON, a line with the Kafka source's end
 * offsets as JSON (Spark's OffsetSeqLog). Spark renames complete entries into place, so that none is ever seen half written.
 * @returns undefined when there is no such entry: never planned, or cleaned up (the last 100 are kept)
 * @throws ProductError OUTPUT_DAMAGED naming the file when it is not of that form
 */
export async function readPlannedBatch(checkpoint: string, batch: number): Promise<PlannedBatch | undefined> {
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
 * Reads where a query began, from `sources/0/0` of its checkpoint: a zero byte and the line "v1" (Spark's
 * KafkaSourceInitialOffsetWriter), then the offsets as JSON.
 * @returns undefined as long as the query has not fixed them
 */
export async function readStartOffsets(
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
