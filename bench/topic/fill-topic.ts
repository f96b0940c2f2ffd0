import { join } from 'node:path';
import { fetchTopicOffsets } from '../../orchestrator/kafka/topic.ts';
import type { ScenarioName } from '../../producer/faults/record-stream.ts';
import { projectDir } from '../../tests/support/project.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import { awaitRecords } from './await-records.ts';
import type { EventForm } from './event-forms.ts';
import { writeRecordPool } from './record-pool.ts';

/** A filled topic. */
export interface FilledTopic {
  readonly topic: string;
  readonly records: number;
  /** End offset by partition; every partition begins at 0. */
  readonly ends: readonly number[];
}

/** A topic with records of known size. */
export interface SizedTopic extends FilledTopic {
  /** Bytes of a value, on average. */
  readonly bytesPerRecord: number;
}

/** Creates a topic and fills it. The same arguments give the same records. */
export async function fillTopic(
  stack: BenchStack,
  topic: string,
  records: number,
  partitions: number,
  signal: AbortSignal,
  form: EventForm = 'flat',
): Promise<SizedTopic> {
  await stack.createTopic(topic, partitions);
  const pool = join(stack.folder, `${topic}.pool`);
  const { bytesPerRecord } = writeRecordPool(pool, topic, partitions, form);
  const script = join(projectDir, 'bench', 'spark', 'fill_topic.py');
  const app = [script, pool, String(records), String(partitions)];
  await stack.submit({ app }, { KAFKA_TOPIC: topic }).done(signal);
  return { ...(await filledTopic(stack, topic)), bytesPerRecord };
}

/**
 * Lets the producer fill a topic with records of a scenario, whose event times rise over an hour.
 */
export async function produceTopic(
  stack: BenchStack,
  {
    scenario,
    records,
    partitions,
  }: { readonly scenario: ScenarioName; readonly records: number; readonly partitions: number },
  signal: AbortSignal,
): Promise<FilledTopic> {
  await stack.createTopic(scenario, partitions);
  const settings = {
    KAFKA_TOPIC: scenario,
    SCENARIO: scenario,
    MSGS_PER_SEC: '0',
    MAX_RECORDS: String(records),
    SEED: '1',
    EVENT_START: '2026-01-01T00:00:00Z',
    EVENTS_PER_SEC: (records / 3600).toFixed(6),
    ANSWER_KEY: join(stack.folder, `${scenario}.answer-key.jsonl`),
  };
  const producer = stack.produce(settings);
  await awaitRecords(stack, scenario, records, producer, signal);
  await producer.stop();
  return filledTopic(stack, scenario);
}

async function filledTopic(stack: BenchStack, topic: string): Promise<FilledTopic> {
  const offsets = await fetchTopicOffsets(stack.kafka, topic, 'read_committed');
  const ends = offsets.partitions.map(({ endOffset }) => Number(endOffset));
  return { topic, ends, records: ends.reduce((sum, end) => sum + end, 0) };
}

/**
 * STARTING_OFFSETS that leave about the newest `records` records to read, equally many in each
 * partition.
 */
export function tailOf(
  { topic, ends }: FilledTopic,
  records: number,
): { offsets: string; starts: readonly number[] } {
  const each = Math.ceil(records / ends.length);
  const starts = ends.map((end) => Math.max(0, end - each));
  return { offsets: JSON.stringify({ [topic]: Object.fromEntries(starts.entries()) }), starts };
}
