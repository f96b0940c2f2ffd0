import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { decompress as decompressZstd } from 'fzstd';
import lz4 from 'lz4js';
import snappy from 'snappyjs';

/**
 * A batch of a partition's log as the broker keeps it, in format 2 (Kafka 0.11 and newer). Its
 * records may be compressed.
 */
export interface RecordBatch {
  readonly firstOffset: number;
  /**
   * The last offset that the batch was written with. Compaction may have removed this record and
   * others.
   */
  readonly lastOffset: number;
  /** See {@link codecOf}. */
  readonly codec: number;
  /**
   * Whether the batch holds no records but a marker that ends a transaction, or another control
   * record of the broker.
   */
  readonly isControl: boolean;
  readonly isTransactional: boolean;
  readonly producerId: bigint;
  /** How many records the batch still holds. */
  readonly count: number;
  readonly firstTimestampMs: number;
  /**
   * When the broker appended the batch, where the topic uses that time for each record
   * (`message.timestamp.type=LogAppendTime`).
   */
  readonly appendedMs: number | undefined;
  /** The records after the header. */
  readonly content: Buffer;
}

/** A batch that cannot be decoded, because of its format or codec or because it is damaged. */
export class UnreadableBatch extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.offset = offset;
  }
}

/** Offset and length. The length counts the bytes after them. */
const PREFIX_BYTES = 12;
const HEADER_BYTES = 61;
const FORMAT = 2;
const CODEC_BITS = 0x07;
const APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;

/**
 * The batches of a fetched part of a log, ascending. An incomplete last batch is left out.
 * @throws UnreadableBatch for a format that is not 2
 */
export function* batchesOf(log: Buffer): Generator<RecordBatch> {
  for (let at = 0; at + PREFIX_BYTES <= log.length; ) {
    const end = at + PREFIX_BYTES + log.readInt32BE(at + 8);
    if (end > log.length) return;
    const batch = log.subarray(at, end);
    const firstOffset = Number(batch.readBigInt64BE(0));
    const format = batch.readInt8(16);
    if (format !== FORMAT) throw new UnreadableBatch(firstOffset, `is of message format ${format}`);
    const attributes = batch.readInt16BE(21);
    yield {
      firstOffset,
      lastOffset: firstOffset + batch.readInt32BE(23),
      codec: attributes & CODEC_BITS,
      isControl: (attributes & CONTROL_BIT) !== 0,
      isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
      producerId: batch.readBigInt64BE(43),
      count: batch.readInt32BE(57),
      firstTimestampMs: Number(batch.readBigInt64BE(27)),
      appendedMs: (attributes & APPEND_TIME_BIT) !== 0 ? Number(batch.readBigInt64BE(35)) : undefined,
      content: batch.subarray(HEADER_BYTES),
    };
    at = end;
  }
}

/**
 * Whether a control batch is the marker of an aborted transaction. Its key is version and type;
 * type 0 means abort.
 */
export function isAbortMarker(batch: RecordBatch): boolean {
  const cursor = new Cursor(batch.content);
  if (!batch.isControl || batch.count === 0) return false;
  cursor.skipToKey();
  return cursor.bytes()?.readInt16BE(2) === 0;
}

/**
 * The records of a batch, ascending by offset.
 * @throws UnreadableBatch for an unknown codec, and for content that contradicts the header
 */
export async function recordsOf(batch: RecordBatch): Promise<readonly TopicRecord[]> {
  const codec = codecOf(batch.codec);
  if (!codec) {
    throw new UnreadableBatch(batch.firstOffset, `is compressed with codec ${batch.codec}, which is unknown`);
  }
  try {
    const plain = await codec.decompress(batch.content);
    const cursor = new Cursor(Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength));
    return Array.from({ length: batch.count }, () => recordAt(cursor, batch));
  } catch (cause) {
    const how = codec.name === 'none' ? 'not compressed' : `compressed with ${codec.name}`;
    throw new UnreadableBatch(batch.firstOffset, `is ${how} and cannot be decoded`, { cause });
  }
}

function recordAt(cursor: Cursor, batch: RecordBatch): TopicRecord {
  const end = cursor.varint() + cursor.at;
  cursor.at += 1;
  const timestampMs = batch.firstTimestampMs + cursor.varint();
  const offset = batch.firstOffset + cursor.varint();
  const key = cursor.bytes();
  const value = cursor.bytes();
  const headers = Array.from({ length: cursor.varint() }, () => headerAt(cursor));
  cursor.at = end;
  return { offset, timestampMs: batch.appendedMs ?? timestampMs, key, value, headers };
}

function headerAt(cursor: Cursor): RecordHeader {
  const key = cursor.bytes();
  if (key === null) throw new RangeError('a header has no key');
  return { key, value: cursor.bytes() };
}

/** Reads Kafka's variable-length numbers and byte strings one after the other. */
class Cursor {
  at = 0;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Skips length, attributes, timestamp and offset, up to the key of the first record. */
  skipToKey(): void {
    this.varint();
    this.at += 1;
    this.varint();
    this.varint();
  }

  /** A zigzag number of up to 64 bits. It is exact up to 53 bits. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#buffer.readUInt8(this.at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
  }

  /** A length and as many bytes. The length -1 gives null. */
  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    if (this.at > this.#buffer.length) throw new RangeError('a record ends behind its batch');
    return this.#buffer.subarray(start, this.at);
  }
}

/*
 * How a batch's records are compressed. All decoders are JavaScript: a native one would have to
 * match the machine. They decode some 150 to 400 MB/s, several times the speed at which records are
 * compared.
 */

type Decompress = (compressed: Buffer) => Promise<Uint8Array> | Uint8Array;

interface Codec {
  readonly name: string;
  readonly decompress: Decompress;
}

/** By the number that a batch's attributes hold: org.apache.kafka.common.record.CompressionType. */
const CODECS: readonly Codec[] = [
  { name: 'none', decompress: (records) => records },
  { name: 'gzip', decompress: promisify(gunzip) },
  { name: 'snappy', decompress: decompressSnappy },
  { name: 'lz4', decompress: (frame) => lz4.decompress(frame) },
  { name: 'zstd', decompress: (frame) => decompressZstd(frame) },
];

/** The codec of a number. Undefined for a codec that is newer than this code. */
export function codecOf(number: number): Codec | undefined {
  return CODECS[number];
}

/** The names of all codecs that can be read, for messages. */
export const CODEC_NAMES = CODECS.slice(1).map(({ name }) => name);

/**
 * The header of Java's SnappyOutputStream: its magic, a version and a compatible version, 4 bytes
 * each.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = 16;

/**
 * Java's clients cut the records into blocks, each after its length. Other clients send one plain
 * block.
 */
function decompressSnappy(records: Buffer): Uint8Array {
  if (!records.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return snappy.uncompress(records);
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < records.length; ) {
    const end = at + 4 + records.readInt32BE(at);
    blocks.push(snappy.uncompress(records.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

/** A record of the topic as the broker has it. */
export interface TopicRecord {
  readonly offset: number;
  /** Unix ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeader {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Offsets of one partition, [from, to). */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What an offset holds for a reader of the job's isolation level: a record; a marker that ends a
 * transaction; a record whose transaction was aborted; or nothing any more, because the topic was
 * compacted.
 */
export type OffsetContent = 'record' | 'marker' | 'aborted' | 'compacted';

export interface OffsetStretch extends OffsetRange {
  readonly content: OffsetContent;
}

/**
 * A range of a partition with its records, ascending. It has no records where it holds something
 * else.
 */
export interface LogPart extends OffsetStretch {
  readonly records: readonly TopicRecord[];
}

/**
 * Reads the topic as a consumer of the job's isolation level does. Ranges end at or before the last
 * offset that such a consumer receives. Leaving the loop early ends the reading. Memory does not
 * grow with the ranges.
 */
export interface TopicReader {
  /**
   * What the offsets [from, to) of a partition hold, ascending. A range of records may have fewer
   * records than offsets, because compaction removed some.
   * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
   */
  read(partition: number, from: number, to: number, signal: AbortSignal | undefined): AsyncIterable<LogPart>;
  /**
   * Like `read` for several ascending ranges, without the records. Each offset is in exactly one
   * result. Only compacted batches are decompressed.
   * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
   */
  contents(
    partition: number,
    ranges: Iterable<OffsetRange>,
    signal: AbortSignal | undefined,
  ): AsyncIterable<OffsetStretch>;
}
