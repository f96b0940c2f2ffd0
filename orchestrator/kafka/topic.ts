import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { IsolationLevel } from '../settings/setting-table.ts';
import type { Address } from '../util/ports.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { LogConnection } from './log-connection.ts';

/**
 * One partition's range in the broker. Readers of the isolation level receive offsets from
 * `beginOffset` to before `endOffset`.
 */
export interface PartitionOffsets {
  readonly partition: number;
  readonly beginOffset: bigint;
  /**
   * With `read_committed` this is the first offset of the oldest open transaction, if there is one.
   */
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
    // The order matters: without an open transaction, records sent in between do not make the log's
    // end exceed the readers' end.
    const logEnds = await connection.offsets('read_uncommitted');
    const ends = await connection.offsets(level);
    const begins = await connection.offsets('earliest');
    const partitions = rangesOf(logEnds, ends, begins);
    return { name: topic, partitions };
  } catch (error) {
    throw new ProductError('KAFKA_UNREACHABLE', {
      message: `The offsets of topic ${topic} cannot be read from ${address.host}:${address.port}: ${messageOf(error)}.`,
      hint: `Is the stack up? \`${userCommand('status')}\` shows it, \`${userCommand('up')}\` starts it.`,
      cause: error,
    });
  } finally {
    await connection.disconnect();
  }
}

/**
 * Each partition's range, from the ends of the logs, their ends for readers (asked later), and
 * their beginnings.
 */
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

/**
 * Runs one piece of work with a connected admin client and disconnects it. This function does not
 * retry: the caller decides whether and when to. kafkajs cannot be aborted, so an abort leaves the
 * attempt to its own short time-outs.
 */
export async function withKafkaAdmin<T>(
  address: Address,
  work: (admin: Admin) => Promise<T>,
  requestTimeoutMs = 5000,
): Promise<T> {
  const kafka = new Kafka({
    clientId: 'medallion-stream-orchestrator',
    brokers: [`${address.host}:${address.port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: requestTimeoutMs,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
