import { setTimeout as pause } from 'node:timers/promises';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import { awaitRecords, recordsOf } from '../topic/await-records.ts';
import { recordsBetween } from './records-between.ts';

/**
 * Records are counted one by one. With fewer of them, the error of a single record would be too
 * large.
 */
const LEAST_COUNTED = 400;
const PARTITIONS = 3;

/** The speed of a producer, and the resources it used. */
export interface Speed {
  readonly recordsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
}

/** A requested rate and the measured one. */
export interface Accuracy {
  readonly rate: number;
  readonly measured: number;
  readonly seconds: number;
  readonly errorPercent: number;
}

const WARM_UP_MS = 5000;

/** The product's producer at full speed, in steady state. */
export async function ownSpeed(
  stack: BenchStack,
  topic: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Speed> {
  const child = stack.produce({ KAFKA_TOPIC: topic, MSGS_PER_SEC: '0' });
  try {
    await awaitRecords(stack, topic, 1, child, signal);
    await pause(WARM_UP_MS, undefined, { signal });
    const [records, at, cpu] = [await recordsOf(stack, topic), performance.now(), child.cpuSeconds()];
    await pause(seconds * 1000, undefined, { signal });
    const sent = (await recordsOf(stack, topic)) - records;
    return {
      recordsPerSecond: (sent * 1000) / (performance.now() - at),
      cpuSecondsPerMillion: ((child.cpuSeconds() - cpu) * 1e6) / sent,
    };
  } finally {
    await child.stop();
  }
}

/**
 * Kafka's ProducerPerformance from its first record to its last, and by its own report, which
 * includes its start.
 * @throws ProductError VERIFY_DIFFERENCE when not all records are in the topic
 */
export async function kafkaSpeed(
  stack: BenchStack,
  topic: string,
  payloads: string,
  records: number,
  signal: AbortSignal,
): Promise<Speed> {
  const child = stack.kafkaTool('org.apache.kafka.tools.ProducerPerformance', [
    ...['--topic', topic, '--num-records', String(records), '--throughput', '-1', '--payload-file', payloads],
    ...[
      '--producer-props',
      `bootstrap.servers=localhost:${stack.kafka.port}`,
      'acks=all',
      'compression.type=gzip',
    ],
  ]);
  await child.done(signal);
  const line = child.lines.findLast((text) => /records sent, [\d.]+ records\/sec/.test(text)) ?? '';
  const rate = Number(/ ([\d.]+) records\/sec/.exec(line)?.[1]);
  const sent = await recordsOf(stack, topic);
  if (sent === records && rate > 0)
    return { recordsPerSecond: rate, cpuSecondsPerMillion: (child.cpuSeconds() * 1e6) / sent };
  throw new ProductError('VERIFY_DIFFERENCE', {
    message: `ProducerPerformance left ${sent} of ${records} records in the topic and said: ${line}`,
    hint: 'Nothing was measured.',
  });
}

/** How exactly the product's producer keeps a rate, from the times of its records. */
export async function rateError(
  stack: BenchStack,
  rate: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Accuracy> {
  const topic = `rate-${rate}`;
  await stack.createTopic(topic, PARTITIONS);
  const child = stack.produce({ KAFKA_TOPIC: topic, MSGS_PER_SEC: String(rate) });
  try {
    await awaitRecords(stack, topic, 1, child, signal);
    await pause(WARM_UP_MS, undefined, { signal });
    const fromMs = Date.now();
    await pause(Math.max(seconds * 1000, (LEAST_COUNTED * 1000) / rate), undefined, { signal });
    const toMs = Date.now();
    await child.stop();
    const measured = ((await recordsBetween(stack.kafka, topic, fromMs, toMs)) * 1000) / (toMs - fromMs);
    const errorPercent = (measured / rate - 1) * 100;
    return { rate, measured, seconds: (toMs - fromMs) / 1000, errorPercent };
  } finally {
    await child.stop();
  }
}
