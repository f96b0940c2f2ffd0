import { messageOf, ProductError } from '../core/product-error.ts';
import type { Address } from '../runtime/runtime.ts';
import { withKafkaAdmin } from './kafka-admin.ts';

/** One partition's range in the broker: records from `beginOffset` to before `endOffset` can be read. */
export interface PartitionOffsets {
  readonly partition: number;
  readonly beginOffset: bigint;
  readonly endOffset: bigint;
}

export interface TopicOffsets {
  readonly name: string;
  /** Ordered by partition. */
  readonly partitions: readonly PartitionOffsets[];
}

/**
 * The topic's begin and end offsets.
 * @throws ProductError KAFKA_UNREACHABLE when the broker does not answer or does not have the topic
 */
export async function fetchTopicOffsets(address: Address, topic: string): Promise<TopicOffsets> {
  try {
    const offsets = await withKafkaAdmin(address, (admin) => admin.fetchTopicOffsets(topic));
    const partitions = offsets.map(({ partition, low, high }) => ({
      partition,
      beginOffset: BigInt(low),
      endOffset: BigInt(high),
    }));
    return { name: topic, partitions: partitions.sort((a, b) => a.partition - b.partition) };
  } catch (error) {
    throw new ProductError('KAFKA_UNREACHABLE', {
      message: `The offsets of topic ${topic} cannot be read from ${address.host}:${address.port}: ${messageOf(error)}.`,
      hint: 'Is the stack up? `npm run status` shows it, `npm run up` starts it.',
      cause: error,
    });
  }
}
