import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import kafkajs, { type Message } from 'kafkajs';
import type { OutgoingRecord } from '../generate/event-source.ts';
import type { KafkaRecord } from './kafka-record.ts';
import { Doorbell } from './pace.ts';

/** Bytes of a number that is not negative as a zigzag varint. */
function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value * 2; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/**
 * Writes a number that is not negative as a zigzag varint and returns where it ends. Exact up to
 * 2^52.
 */
function writeVarint(buffer: Buffer, value: number, at: number): number {
  let rest = value * 2;
  let end = at;
  while (rest > 0x7f) {
    buffer[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  buffer[end++] = rest;
  return end;
}

/** The length -1 of a missing value, as a zigzag varint. */
const NULL_LENGTH = 1;

/**
 * Encodes the records of one batch one after another, in Kafka's format v2
 * (https://kafka.apache.org/documentation/#record): the part after the header of a record batch,
 * before compression.
 *
 * @param firstTimestampMs of the batch: no record is older
 */
function encodeRecords(records: readonly KafkaRecord[], firstTimestampMs: number): Buffer {
  const sizes = records.map((record, offsetDelta) => bodySize(record, offsetDelta, firstTimestampMs));
  const buffer = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, 0));
  let at = 0;
  for (const [offsetDelta, { key, value, timestampMs, headers }] of records.entries()) {
    at = writeVarint(buffer, sizes[offsetDelta] as number, at);
    buffer[at++] = 0;
    at = writeVarint(buffer, timestampMs - firstTimestampMs, at);
    at = writeVarint(buffer, offsetDelta, at);
    at = writeContent(buffer, key, at);
    at = writeContent(buffer, value, at);
    if (headers === undefined) buffer[at++] = 0;
    else at = writeHeaders(buffer, headerPairs(headers), at);
  }
  return buffer;
}

/** Bytes of a record without its length. */
function bodySize(record: KafkaRecord, offsetDelta: number, firstTimestampMs: number): number {
  const { key, value, timestampMs, headers } = record;
  // Attributes are a byte, and so is the number of no headers.
  const fixed = 1 + sizeOfVarint(timestampMs - firstTimestampMs) + sizeOfVarint(offsetDelta);
  const ofHeaders = headers === undefined ? 1 : sizeOfHeaders(headerPairs(headers));
  return fixed + sizeOfContent(key) + sizeOfContent(value) + ofHeaders;
}

function sizeOfContent(content: string | Buffer | null): number {
  if (content === null) return 1;
  const bytes = Buffer.byteLength(content);
  return sizeOfVarint(bytes) + bytes;
}

function writeContent(buffer: Buffer, content: string | Buffer | null, at: number): number {
  if (content === null) {
    buffer[at] = NULL_LENGTH;
    return at + 1;
  }
  const start = writeVarint(buffer, Buffer.byteLength(content), at);
  return start + (typeof content === 'string' ? buffer.write(content, start) : content.copy(buffer, start));
}

/** Name and value of each header, in the order in which kafkajs writes them. */
function headerPairs(headers: NonNullable<KafkaRecord['headers']>): readonly (readonly [string, string])[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => [name, each] as const),
  );
}

const sizeOfHeaders = (pairs: readonly (readonly [string, string])[]): number =>
  pairs.reduce(
    (sum, [name, value]) => sum + sizeOfContent(name) + sizeOfContent(value),
    sizeOfVarint(pairs.length),
  );

function writeHeaders(buffer: Buffer, pairs: readonly (readonly [string, string])[], at: number): number {
  let end = writeVarint(buffer, pairs.length, at);
  for (const [name, value] of pairs) end = writeContent(buffer, value, writeContent(buffer, name, end));
  return end;
}

/**
 * The buffer into which kafkajs writes a request. Only these parts of its encoders for single
 * records are used.
 */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

type Callback = (message: Message, index: number, all: readonly Message[]) => unknown;
type Reducer = (grouped: unknown, message: Message, index: number, all: readonly Message[]) => unknown;

const isEncoded = (value: unknown): value is Encoded =>
  typeof value === 'object' && value !== null && 'buf' in value && Buffer.isBuffer(value.buf);

const encodedAs = (bytes: Buffer): Encoded => ({ buf: bytes, buffer: bytes });
const NOTHING = encodedAs(Buffer.alloc(0));

/**
 * The messages of a batch, all for one partition, encoded at once. kafkajs (2.2) asks its list of
 * messages for an encoder of each with `map`, made of a dozen small buffers: 11 µs a record,
 * against 1 µs. This list returns the bytes of all records in the place of the first, and nothing
 * in the places of the others. Before that, kafkajs groups messages by partition with `reduce`, and
 * copies its group for each of them. This list stays whole.
 *
 * kafkajs's result for the first message is always checked. If it differs from what is expected,
 * for the encoding byte for byte, or if the methods are called for anything else, the list behaves
 * as an ordinary one.
 */
export function encodedMessages(records: readonly KafkaRecord[]): Message[] {
  const list = records.map(messageOf);
  return Object.defineProperties(list, {
    map: { value: (callback: Callback) => encodings(records, list, callback) ?? [...list].map(callback) },
    reduce: {
      value: (reducer: Reducer, ...initial: [unknown]) =>
        grouped(list, reducer, initial) ?? [...list].reduce(reducer, ...initial),
    },
  });
}

function messageOf({ key, value, timestampMs, headers }: KafkaRecord): Message {
  const message = { key, value, timestamp: String(timestampMs) };
  if (headers === undefined) return message;
  const copied = Object.entries(headers).map(([name, each]) => [
    name,
    typeof each === 'string' ? each : [...each],
  ]);
  return { ...message, headers: Object.fromEntries(copied) };
}

/** The encoders of all messages, if the callback gives that for the first. */
function encodings(
  records: readonly KafkaRecord[],
  list: readonly Message[],
  callback: Callback,
): readonly Encoded[] | undefined {
  const [first] = list;
  const answer = first && callback(first, 0, list);
  if (!isEncoded(answer)) return undefined;
  // The first timestamp of the batch, to which kafkajs relates the times of records.
  const firstTimestampMs = Math.min(...records.map(({ timestampMs }) => timestampMs));
  if (!encodeRecords(records.slice(0, 1), firstTimestampMs).equals(answer.buffer)) return undefined;
  const encoded: Encoded[] = new Array(list.length).fill(NOTHING);
  encoded[0] = encodedAs(encodeRecords(records, firstTimestampMs));
  return encoded;
}

/** All messages under the one key that the reducer gives the first one. */
function grouped(list: readonly Message[], reducer: Reducer, initial: readonly unknown[]): unknown {
  const [first] = list;
  if (!first || initial.length !== 1 || !isEmptyObject(initial[0])) return undefined;
  const [[key = '', group] = [], ...others] = Object.entries(reducer({}, first, 0, list) ?? {});
  const isOnlyGroup = others.length === 0 && Array.isArray(group) && group.length === 1 && group[0] === first;
  return isOnlyGroup ? { [key]: list } : undefined;
}

const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

// Without a loader, Node itself does not find this export of a CommonJS module by its name.
const { CompressionCodecs, CompressionTypes } = kafkajs;

const compress = promisify<Buffer, { level: number }, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

/**
 * Makes kafkajs compress at zlib's fastest level, on the threads of libuv. Batches grow by a tenth
 * against the default level and cost a third of the time.
 */
export function useFastGzip(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) =>
      compress(buffer, { level: constants.Z_BEST_SPEED }),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}

/**
 * Records that go to one partition in one request. Once taken from its queue a batch never changes.
 */
export interface Batch<R extends KafkaRecord = OutgoingRecord> {
  readonly records: readonly R[];
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** When a batch is sent. */
export interface BatchLimits {
  /** A batch has at most this many bytes of keys and values, unless a single record has more. */
  readonly batchBytes: number;
  /** A batch that is not full waits this long for more records. */
  readonly lingerMs: number;
}

interface OpenBatch<R> {
  records: R[];
  bytes: number;
  readyAtMs: number;
}

/**
 * The records of one partition in order of arrival, cut into batches as Kafka's own producer does
 * with `batch.size` and `linger.ms`. Times are milliseconds of one monotonic clock.
 */
export class BatchQueue<R extends KafkaRecord = OutgoingRecord> {
  readonly #limits: BatchLimits;
  readonly #batches: OpenBatch<R>[] = [];

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  append(record: R, bytes: number, nowMs: number): void {
    const last = this.#batches.at(-1);
    if (last && last.bytes + bytes <= this.#limits.batchBytes) {
      last.records.push(record);
      last.bytes += bytes;
      return;
    }
    // The batch before is full, so it need not wait any longer.
    if (last) last.readyAtMs = nowMs;
    this.#batches.push({ records: [record], bytes, readyAtMs: nowMs + this.#limits.lingerMs });
  }

  /** Milliseconds until the first batch is ready: 0 when it is, undefined when there is none. */
  readyInMs(nowMs: number): number | undefined {
    const first = this.#batches[0];
    if (!first) return undefined;
    if (first.bytes >= this.#limits.batchBytes) return 0;
    return Math.max(0, first.readyAtMs - nowMs);
  }

  /** Ends the waiting of all present batches. */
  flush(nowMs: number): void {
    for (const batch of this.#batches) batch.readyAtMs = Math.min(batch.readyAtMs, nowMs);
  }

  /** Takes the first batch, ready or not. Undefined when there is none. */
  take(): Batch<R> | undefined {
    return this.#batches.shift();
  }
}

/** Limits the bytes that may be held at one time. A caller that finds no room waits for it. */
export class MemoryBound {
  readonly limitBytes: number;
  readonly #freed = new Doorbell();
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes room and returns true, or takes none and returns false. */
  tryTake(bytes: number): boolean {
    if (bytes > this.limitBytes) {
      throw new RangeError(`${bytes} bytes never fit into a buffer of ${this.limitBytes}`);
    }
    if (this.#usedBytes + bytes > this.limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#freed.ring();
  }

  /** Resolves at the next release or when the signal is aborted. Then the caller can try again. */
  released(signal: AbortSignal): Promise<void> {
    return this.#freed.wait(signal);
  }
}
