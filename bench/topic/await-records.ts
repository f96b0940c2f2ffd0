import { setTimeout as pause } from 'node:timers/promises';
import { fetchTopicOffsets } from '../../orchestrator/kafka/topic.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import type { ChildRun } from '../stack/child-run.ts';

const POLL_MS = 50;

/** How many records a new topic has. */
export async function recordsOf(stack: BenchStack, topic: string): Promise<number> {
  const { partitions } = await fetchTopicOffsets(stack.kafka, topic, 'read_committed');
  return partitions.reduce((sum, { endOffset }) => sum + Number(endOffset), 0);
}

/**
 * Waits until a producer has sent this many records to a new topic.
 * @throws ProductError SERVICE_EXITED when it ends before
 */
export async function awaitRecords(
  stack: BenchStack,
  topic: string,
  records: number,
  producer: ChildRun,
  signal: AbortSignal,
): Promise<void> {
  while ((await recordsOf(stack, topic)) < records) {
    if (producer.hasEnded) {
      throw new ProductError('SERVICE_EXITED', {
        message: `The producer ended before ${records} records of it were acknowledged.`,
        hint: 'Its last lines are above.',
        logTail: producer.lines.slice(-20),
      });
    }
    await pause(POLL_MS, undefined, { signal });
  }
}
