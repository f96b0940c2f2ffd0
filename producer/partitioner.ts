import { Partitioners, type PartitionMetadata } from 'kafkajs';

/** The partition of a key. */
export type PartitionOf = (key: string) => number;

/**
 * Places keys as the Java client does (murmur2 of the key), for the number of partitions a topic has at the
 * start: a batch that is sent again must go where it went before, even if partitions were added meanwhile.
 */
export function javaPartitioner(topic: string, partitionCount: number): PartitionOf {
  const place = Partitioners.DefaultPartitioner();
  const partitionMetadata: PartitionMetadata[] = Array.from({ length: partitionCount }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  // kafkajs computes the hash in 64-bit objects; cards are few and repeat.
  const known = new Map<string, number>();
  return (key) => {
    const partition = known.get(key) ?? place({ topic, partitionMetadata, message: { key, value: null } });
    known.set(key, partition);
    return partition;
  };
}
