import { join } from 'node:path';
import { fetchTopicOffsets } from '../../orchestrator/probes/topic-offsets.ts';
import { projectDir } from '../../tests/support/project.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import { writeRecordPool } from './record-pool.ts';

/** A filled topic. */
export interface FilledTopic {
  readonly topic: string;
  readonly records: number;
  /** End offset by partition; every partition begins at 0. */
  readonly ends: readonly number[];
}

/** Creates a topic and fills it; the same arguments give the same records. */
export async function fillTopic(
  stack: BenchStack,
  topic: string,
  records: number,
  partitions: number,
  signal: AbortSignal,
): Promise<FilledTopic> {
  await stack.createTopic(topic, partitions);
  const pool = join(stack.folder, `${topic}.pool`);
  writeRecordPool(pool, topic, partitions);
  const script = join(projectDir, 'bench', 'spark', 'fill_topic.py');
  const app = [script, pool, String(records), String(partitions)];
  await stack.submit({ app }, { KAFKA_TOPIC: topic }).done(signal);
  const offsets = await fetchTopicOffsets(stack.kafka, topic);
  const ends = offsets.partitions.map(({ endOffset }) => Number(endOffset));
  return { topic, ends, records: ends.reduce((sum, end) => sum + end, 0) };
}

/** STARTING_OFFSETS by which about the newest `records` records are left to read, as many of each partition. */
export function tailOf(
  { topic, ends }: FilledTopic,
  records: number,
): { offsets: string; starts: readonly number[] } {
  const each = Math.ceil(records / ends.length);
  const starts = ends.map((end) => Math.max(0, end - each));
  return { offsets: JSON.stringify({ [topic]: Object.fromEntries(starts.entries()) }), starts };
}
