import type { OutgoingRecord } from './record.ts';

/** Bytes of a number that is not negative as a zigzag varint. */
function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value * 2; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Writes a number that is not negative as a zigzag varint and returns where it ends. Exact up to 2^52. */
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

/** The length of nothing, -1, as a zigzag varint. */
const NULL_LENGTH = 1;

/**
 * Encodes the records of one batch, one behind the other, in Kafka's format v2 without headers
 * (https://kafka.apache.org/documentation/#record): what stands behind the header of a record batch before it is
 * compressed.
 *
 * @param firstTimestampMs of the batch: no record is older
 */
export function encodeRecords(records: readonly OutgoingRecord[], firstTimestampMs: number): Buffer {
  const sizes = records.map((record, offsetDelta) => bodySize(record, offsetDelta, firstTimestampMs));
  const buffer = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, 0));
  let at = 0;
  for (const [offsetDelta, { key, value, timestampMs }] of records.entries()) {
    at = writeVarint(buffer, sizes[offsetDelta] as number, at);
    buffer[at++] = 0;
    at = writeVarint(buffer, timestampMs - firstTimestampMs, at);
    at = writeVarint(buffer, offsetDelta, at);
    at = writeText(buffer, key, at);
    if (value === null) buffer[at++] = NULL_LENGTH;
    else at = writeText(buffer, value, at);
    buffer[at++] = 0;
  }
  return buffer;
}

/** Bytes of a record behind its length. */
function bodySize(record: OutgoingRecord, offsetDelta: number, firstTimestampMs: number): number {
  const { key, value, timestampMs } = record;
  const sizeOfText = (text: string): number => {
    const bytes = Buffer.byteLength(text);
    return sizeOfVarint(bytes) + bytes;
  };
  // Attributes and the number of headers are a byte each.
  const fixed = 2 + sizeOfVarint(timestampMs - firstTimestampMs) + sizeOfVarint(offsetDelta);
  return fixed + sizeOfText(key) + (value === null ? 1 : sizeOfText(value));
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const start = writeVarint(buffer, Buffer.byteLength(text), at);
  return start + buffer.write(text, start);
}
