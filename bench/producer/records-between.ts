import { withKafkaAdmin } from '../../orchestrator/kafka/topic.ts';
import type { Address } from '../../orchestrator/util/ports.ts';

/**
 * How many records of a topic have a time from `fromMs` to before `toMs` (Unix ms), by the broker's
 * time index.
 */
export async function recordsBetween(
  kafka: Address,
  topic: string,
  fromMs: number,
  toMs: number,
): Promise<number> {
  return withKafkaAdmin(kafka, async (admin) => {
    const [from, to] = await Promise.all([
      admin.fetchTopicOffsetsByTimestamp(topic, fromMs),
      admin.fetchTopicOffsetsByTimestamp(topic, toMs),
    ]);
    const ends = new Map(to.map(({ partition, offset }) => [partition, Number(offset)]));
    return from.reduce((sum, { partition, offset }) => sum + (ends.get(partition) ?? 0) - Number(offset), 0);
  });
}
