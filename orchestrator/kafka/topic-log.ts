import { setTimeout as pause } from 'node:timers/promises';
import type { IsolationLevel } from '../settings/setting-table.ts';
import type { Address } from '../util/ports.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { type FetchedLog, LogConnection } from './log-connection.ts';
import {
  batchesOf,
  CODEC_NAMES,
  isAbortMarker,
  type LogPart,
  type OffsetContent,
  type OffsetRange,
  type OffsetStretch,
  type RecordBatch,
  recordsOf,
  type TopicReader,
  UnreadableBatch,
} from './record-batch.ts';

/**
 * Attempts to fetch a record that should be there. Each takes a little longer than a broker's wait
 * or a change of leaders.
 */
const ATTEMPTS = 10;
const RETRY_MS = 500;

/**
 * Provides the log of a topic as a consumer of the isolation level sees it, for as long as `use`
 * runs. It connects at the first read. It uses no consumer group and leaves nothing in the broker.
 * @throws ProductError KAFKA_UNREACHABLE when the broker does not answer or does not have the topic
 */
export async function withTopicLog<T>(
  address: Address,
  topic: string,
  level: IsolationLevel,
  use: (reader: TopicReader) => Promise<T>,
): Promise<T> {
  const log = new TopicLog(address, topic, level);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

class TopicLog implements TopicReader {
  readonly #address: Address;
  readonly #topic: string;
  readonly #level: IsolationLevel;
  #connection: LogConnection | undefined;

  constructor(address: Address, topic: string, level: IsolationLevel) {
    this.#address = address;
    this.#topic = topic;
    this.#level = level;
  }

  async close(): Promise<void> {
    await this.#connection?.disconnect();
  }

  async *read(partition: number, from: number, to: number, signal?: AbortSignal): AsyncGenerator<LogPart> {
    try {
      for await (const stretch of this.#walk(partition, from, to, signal)) {
        yield { ...offsetsOf(stretch), records: await recordsIn(stretch) };
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#unreadable(partition, error);
    }
  }

  async *contents(
    partition: number,
    ranges: Iterable<OffsetRange>,
    signal?: AbortSignal,
  ): AsyncGenerator<OffsetStretch> {
    try {
      // A response for one range often contains the next range, too.
      let ahead: readonly WalkedStretch[] = [];
      for (const range of ranges) {
        let next = range.from;
        while (next < range.to) {
          const known = ahead.filter(({ from, to }) => from < range.to && to > next);
          if ((known[0]?.from ?? range.to) > next) {
            ahead = await this.#fetch(partition, next, signal);
            continue;
          }
          for (const stretch of known) {
            const clipped = clip(stretch, next, range.to);
            yield* await contentsOf(clipped);
            next = clipped.to;
          }
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#unreadable(partition, error);
    }
  }

  /** What [from, to) holds. The broker prepares the next part in the meantime. */
  async *#walk(
    partition: number,
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<WalkedStretch> {
    let coming = from < to ? this.#fetch(partition, from, signal) : undefined;
    while (coming) {
      const stretches: readonly WalkedStretch[] = await coming;
      const next = stretches.at(-1)?.to ?? to;
      coming = next < to ? this.#fetch(partition, next, signal) : undefined;
      coming?.catch(() => undefined);
      for (const stretch of stretches) if (stretch.from < to) yield clip(stretch, from, to);
    }
  }

  /**
   * What the log holds from an offset on, at least one offset of it. Retries until records arrive:
   * leaders move, connections break, and the last records may arrive a little later.
   */
  async #fetch(
    partition: number,
    offset: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly WalkedStretch[]> {
    let lastError: unknown = new Error(
      `partition ${partition} has no record at offset ${offset} or after it`,
    );
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const connection = await unlessAborted(this.#connected(), signal);
        const fetched = await unlessAborted(connection.fetch(partition, offset, this.#level), signal);
        const stretches = [...walkFetched(fetched, offset, this.#endOf(fetched))];
        if (stretches.length > 0) return stretches;
        if (fetched.throttleMs > 0) await pause(fetched.throttleMs, undefined, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        if (isFinal(error)) throw error;
        lastError = error;
        await pause(RETRY_MS, undefined, { signal });
        await this.#connection?.refresh().catch((cause: unknown) => {
          lastError = cause;
        });
      }
    }
    throw lastError;
  }

  #endOf({ highWatermark, lastStableOffset }: FetchedLog): number {
    return this.#level === 'read_committed' ? lastStableOffset : highWatermark;
  }

  async #connected(): Promise<LogConnection> {
    if (this.#connection) return this.#connection;
    const connection = new LogConnection(this.#address, this.#topic);
    try {
      await connection.connect();
    } catch (error) {
      await connection.disconnect();
      throw this.#unreachable(error);
    }
    this.#connection = connection;
    return connection;
  }

  #unreadable(partition: number, error: unknown): ProductError {
    if (error instanceof ProductError) return error;
    if (!(error instanceof UnreadableBatch)) return this.#unreachable(error);
    const why = error.cause === undefined ? '' : `: ${messageOf(error.cause)}`;
    return new ProductError('RECORDS_UNREADABLE', {
      message: `The batch at offset ${error.offset} of topic ${this.#topic}, partition ${partition}, ${error.message}${why}.`,
      hint: `Batches of format 2, plain or compressed with ${CODEC_NAMES.join(', ')}, can be read; \`${userCommand('verify')}\` without --deep needs no values.`,
      cause: error,
    });
  }

  #unreachable(error: unknown): ProductError {
    const { host, port } = this.#address;
    return new ProductError('KAFKA_UNREACHABLE', {
      message: `The records of topic ${this.#topic} cannot be read from ${host}:${port}: ${messageOf(error)}.`,
      hint: `Is the stack up? \`${userCommand('status')}\` shows it, \`${userCommand('up')}\` starts it.`,
      cause: error,
    });
  }
}

function clip(stretch: WalkedStretch, from: number, to: number): WalkedStretch {
  return { ...stretch, from: Math.max(from, stretch.from), to: Math.min(to, stretch.to) };
}

const offsetsOf = ({ from, to, content }: OffsetStretch): OffsetStretch => ({ from, to, content });

async function recordsIn({ from, to, content, batch }: WalkedStretch): Promise<LogPart['records']> {
  if (content !== 'record' || batch === undefined) return [];
  const records = await recordsOf(batch);
  return from === batch.firstOffset && to > batch.lastOffset
    ? records
    : records.filter(({ offset }) => offset >= from && offset < to);
}

/** A range, split where compaction removed records from its batch. */
async function contentsOf(stretch: WalkedStretch): Promise<readonly OffsetStretch[]> {
  const { from, to, content, batch } = stretch;
  const isWhole = batch === undefined || batch.count === batch.lastOffset - batch.firstOffset + 1;
  if (isWhole || content === 'compacted') return [offsetsOf(stretch)];
  const parts: OffsetStretch[] = [];
  let next = from;
  for (const { offset } of await recordsOf(batch)) {
    if (offset < from || offset >= to) continue;
    if (offset > next) parts.push({ from: next, to: offset, content: 'compacted' });
    const last = parts.at(-1);
    if (last?.content === content && last.to === offset) {
      parts[parts.length - 1] = { ...last, to: offset + 1 };
    } else {
      parts.push({ from: offset, to: offset + 1, content });
    }
    next = offset + 1;
  }
  if (next < to) parts.push({ from: next, to, content: 'compacted' });
  return parts;
}

/** Whether a retry cannot help: the records were deleted, or cannot be decoded. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof ProductError ||
    error instanceof UnreadableBatch ||
    (error as { type?: string }).type === 'OFFSET_OUT_OF_RANGE'
  );
}

/**
 * Resolves like the promise, or rejects on abort. kafkajs's own work cannot be aborted and is left
 * to its time-outs. This does not race against one promise that lives as long as the reading: such
 * a promise would keep every result in memory.
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

/**
 * Offsets of a log with the same content: a batch, or a gap between two batches that compaction
 * left.
 */
export interface WalkedStretch extends OffsetRange {
  readonly content: OffsetContent;
  /** The batch that contains the offsets. It may begin before them and end after them. */
  readonly batch: RecordBatch | undefined;
}

/**
 * What a fetched part of a log holds from an offset on, without gaps. When it has no batch at all,
 * everything up to the end of the reader's view was compacted away.
 * @param offset where the fetch began
 * @param end where the reader's view of the partition ends
 * @throws UnreadableBatch for a batch of an unknown format
 */
export function* walkFetched(fetched: FetchedLog, offset: number, end: number): Generator<WalkedStretch> {
  const transactions = new AbortedTransactions(fetched.aborted);
  let next = offset;
  for (const batch of batchesOf(fetched.log)) {
    const aborted = transactions.includes(batch);
    const to = batch.lastOffset + 1;
    if (to <= next) continue;
    if (batch.firstOffset > next) {
      yield { from: next, to: batch.firstOffset, content: 'compacted', batch: undefined };
    }
    const from = Math.max(next, batch.firstOffset);
    yield { from, to, content: contentOf(batch, aborted), batch };
    next = to;
  }
  if (next === offset && fetched.throttleMs === 0 && next < end) {
    yield { from: next, to: end, content: 'compacted', batch: undefined };
  }
}

function contentOf(batch: RecordBatch, aborted: boolean): OffsetContent {
  // Compaction keeps an empty batch when a producer's last sequence number has to be preserved.
  if (batch.count === 0) return 'compacted';
  if (batch.isControl) return 'marker';
  return aborted ? 'aborted' : 'record';
}

/** Tracks the aborted transactions through a fetched part of a log, as Kafka's consumer does. */
class AbortedTransactions {
  readonly #coming: FetchedLog['aborted'][number][];
  readonly #open = new Set<bigint>();

  constructor(aborted: FetchedLog['aborted']) {
    this.#coming = [...aborted];
  }

  /**
   * Whether a batch belongs to an aborted transaction. It has to be called for each batch, in the
   * log's order.
   */
  includes(batch: RecordBatch): boolean {
    while (this.#coming[0] && this.#coming[0].firstOffset <= batch.lastOffset) {
      const [begun] = this.#coming.splice(0, 1);
      if (begun) this.#open.add(begun.producerId);
    }
    if (isAbortMarker(batch)) this.#open.delete(batch.producerId);
    return batch.isTransactional && this.#open.has(batch.producerId);
  }
}
