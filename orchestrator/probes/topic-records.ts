import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, ProductError } from '../core/product-error.ts';
import type { RecordSource, TopicRecord } from '../outputs/verify/deep/record-source.ts';
import type { Address } from '../runtime/runtime.ts';
import { KafkaFetch, offsetAfter } from './kafka-fetch.ts';

/** Looks for a record that should be there, each a little longer than a broker's wait or a change of leaders. */
const ATTEMPTS = 10;
const RETRY_MS = 500;

/**
 * Lends the records of a topic. No consumer group is used, nothing is left behind in the broker.
 * @throws ProductError KAFKA_UNREACHABLE when the broker does not answer or does not have the topic
 */
export async function withTopicRecords<T>(
  address: Address,
  topic: string,
  use: (source: RecordSource) => Promise<T>,
): Promise<T> {
  const connection = new KafkaFetch(address, topic);
  try {
    try {
      await connection.connect();
    } catch (error) {
      throw unreadable(address, topic, error);
    }
    return await use({
      async *read(partition, from, to, signal) {
        const fetch = (offset: number) => fetchPatiently(connection, partition, offset, signal);
        try {
          let next = from;
          let coming = next < to ? fetch(next) : undefined;
          while (coming) {
            const messages = await unlessAborted(coming, signal);
            const last = messages.at(-1);
            const records = messages
              .filter(({ offset, isControlRecord }) => {
                const at = Number(offset);
                return at >= next && at < to && !isControlRecord;
              })
              .map(({ offset, timestamp, key, value }): TopicRecord => {
                return { offset: Number(offset), timestampMs: Number(timestamp), key, value };
              });
            if (last) next = Math.max(next, offsetAfter(last));
            // The broker works on the next part while this one is looked at.
            coming = next < to ? fetch(next) : undefined;
            coming?.catch(() => undefined);
            if (records.length > 0) yield records;
          }
        } catch (error) {
          signal?.throwIfAborted();
          throw unreadable(address, topic, error);
        }
      },
    });
  } finally {
    await connection.disconnect();
  }
}

/** Fetches until something comes: leaders move, connections break, and the last records may be a moment away. */
async function fetchPatiently(
  connection: KafkaFetch,
  partition: number,
  offset: number,
  signal: AbortSignal | undefined,
) {
  let lastError: unknown = new Error(`partition ${partition} has no record at offset ${offset} or after it`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const messages = await connection.fetch(partition, offset);
      if (messages.length > 0) return messages;
    } catch (error) {
      if (isFinal(error)) throw error;
      lastError = error;
      await pause(RETRY_MS, undefined, { signal });
      await connection.refresh().catch((cause: unknown) => {
        lastError = cause;
      });
    }
  }
  throw lastError;
}

/** Whether asking again is of no use: the records were deleted, or are compressed with a codec that kafkajs does not bring along. */
function isFinal(error: unknown): boolean {
  const { name, type } = error as { name?: string; type?: string };
  return type === 'OFFSET_OUT_OF_RANGE' || name === NO_CODEC;
}

const NO_CODEC = 'KafkaJSNotImplemented';

/**
 * What a promise gives, or a rejection on abort: kafkajs's own work cannot be aborted, it is left to its time-outs. Not a race against
 * one promise that lasts as long as the reading: that would keep everything that was ever read.
 */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function unreadable(address: Address, topic: string, error: unknown): ProductError {
  if (error instanceof ProductError) return error;
  return new ProductError('KAFKA_UNREACHABLE', {
    message: `The records of topic ${topic} cannot be read from ${address.host}:${address.port}: ${messageOf(error)}.`,
    hint:
      error instanceof Error && error.name === NO_CODEC
        ? 'Only gzip and uncompressed records can be read; `npm run verify` without --deep needs none of them.'
        : 'Is the stack up? `npm run status` shows it, `npm run up` starts it.',
    cause: error,
  });
}
