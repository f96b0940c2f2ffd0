import type { OutgoingRecord } from './record.ts';

const MOST_BYTES_OF_A_VARINT = 5;
const MOST_BYTES_OF_A_VARLONG = 10;
/** Length, attributes, offset delta, length of the key and of the value, number of headers; and the timestamp delta. */
const MOST_OVERHEAD = 4 * MOST_BYTES_OF_A_VARINT + 2 + MOST_BYTES_OF_A_VARLONG;
/** UTF-16 code units take up to three bytes each in UTF-8. */
const MOST_BYTES_OF_A_UNIT = 3;

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
  let bound = 0;
  for (const { key, value } of records) {
    bound += MOST_OVERHEAD + MOST_BYTES_OF_A_UNIT * (key.length + (value?.length ?? 0));
  }
  const buffer = Buffer.allocUnsafe(bound);
  let at = 0;
  for (const [offsetDelta, { key, value, timestampMs }] of records.entries()) {
    const timestampDelta = timestampMs - firstTimestampMs;
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = value === null ? 0 : Buffer.byteLength(value);
    const size =
      // Attributes and the number of headers are a byte each.
      2 +
      sizeOfVarint(timestampDelta) +
      sizeOfVarint(offsetDelta) +
      sizeOfVarint(keyBytes) +
      keyBytes +
      (value === null ? 1 : sizeOfVarint(valueBytes) + valueBytes);
    at = writeVarint(buffer, size, at);
    buffer[at++] = 0;
    at = writeVarint(buffer, timestampDelta, at);
    at = writeVarint(buffer, offsetDelta, at);
    at = writeVarint(buffer, keyBytes, at);
    at += buffer.write(key, at);
    if (value === null) {
      buffer[at++] = NULL_LENGTH;
    } else {
      at = writeVarint(buffer, valueBytes, at);
      at += buffer.write(value, at);
    }
    buffer[at++] = 0;
  }
  return buffer.subarray(0, at);
}
