import type { Address } from '../core/address.ts';
import type { IsolationLevel } from '../core/isolation-level.ts';
import { messageOf, ProductError } from '../core/product-error.ts';
import { LogConnection } from './log/log-connection.ts';

/** One partition's range in the broker: what readers of the isolation level get lies from `beginOffset` to before `endOffset`. */
export interface PartitionOffsets {
  readonly partition: number;
  readonly beginOffset: bigint;
  /** With `read_committed` the first offset of the oldest open transaction, if there is one. */
  readonly endOffset: bigint;
  /** Where the log ends, open transactions included. */
  readonly logEndOffset: bigint;
}

export interface TopicOffsets {
  readonly name: string;
  /** Ordered by partition. */
  readonly partitions: readonly PartitionOffsets[];
}

/**
 * The topic's begin and end offsets as readers of the isolation level see them.
 * @throws ProductError KAFKA_UNREACHABLE when the broker does not answer or does not have the topic
 */
export async function fetchTopicOffsets(
  address: Address,
  topic: string,
  level: IsolationLevel,
): Promise<TopicOffsets> {
  const connection = new LogConnection(address, topic);
  try {
    await connection.connect();
    // In this order: without an open transaction, what is sent meanwhile ends where the log ended before.
    const logEnds = await connection.offsets('read_uncommitted');
    const ends = await connection.offsets(level);
    const begins = await connection.offsets('earliest');
    const partitions = rangesOf(logEnds, ends, begins);
    return { name: topic, partitions };
  } catch (error) {
    throw new ProductError('KAFKA_UNREACHABLE', {
      message: `The offsets of topic ${topic} cannot be read from ${address.host}:${address.port}: ${messageOf(error)}.`,
      hint: 'Is the stack up? `npm run status` shows it, `npm run up` starts it.',
      cause: error,
    });
  } finally {
    await connection.disconnect();
  }
}

/** Each partition's range, from where the logs ended, where they ended for readers a moment later, and where they begin. */
export function rangesOf(
  logEnds: ReadonlyMap<number, bigint>,
  ends: ReadonlyMap<number, bigint>,
  begins: ReadonlyMap<number, bigint>,
): readonly PartitionOffsets[] {
  const partitions = [...logEnds].map(([partition, logEndOffset]) => {
    const end = ends.get(partition) ?? logEndOffset;
    const beginOffset = begins.get(partition) ?? 0n;
    const hasOpenTransaction = end < logEndOffset;
    return { partition, beginOffset, endOffset: hasOpenTransaction ? end : logEndOffset, logEndOffset };
  });
  return partitions.sort((a, b) => a.partition - b.partition);
}
