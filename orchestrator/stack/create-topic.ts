import type { Admin } from 'kafkajs';
import type { Address } from '../core/address.ts';
import { ProductError } from '../core/product-error.ts';
import { withKafkaAdmin } from '../probes/kafka-admin.ts';
import { kafka } from '../services/kafka.ts';

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
}

/** A busy broker may take its time to make a topic; asking again meanwhile would not make it faster. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Creates the topic if it is missing, as `kafka-topics --create --if-not-exists` does; an existing one is left as it is.
 * @returns one line on what was found or made
 */
export async function createTopic(address: Address, spec: TopicSpec): Promise<string> {
  const work = async (admin: Admin): Promise<string> => {
    const created = await admin.createTopics({
      topics: [{ topic: spec.topic, numPartitions: spec.partitions, replicationFactor: 1 }],
      waitForLeaders: false,
      timeout: REQUEST_TIMEOUT_MS,
    });
    if (created) return `created topic ${spec.topic} with ${spec.partitions} partitions`;
    const { topics } = await admin.fetchTopicMetadata({ topics: [spec.topic] });
    const found = topics[0]?.partitions.length;
    if (found === undefined) {
      throw new ProductError('STEP_FAILED', {
        message: `Topic ${spec.topic} was neither created nor found.`,
        hint: `See \`npm run logs -- ${kafka.name}\`.`,
      });
    }
    const difference = found === spec.partitions ? '' : `, not KAFKA_TOPIC_PARTITIONS=${spec.partitions}`;
    return `topic ${spec.topic} is there with ${found} partitions${difference}`;
  };
  return withKafkaAdmin(address, work, REQUEST_TIMEOUT_MS);
}
