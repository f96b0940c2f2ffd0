import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { batchesOf, isAbortMarker, type RecordBatch, recordsOf } from './record-batch.ts';

/** kafkajs writes the format, so that writer and reader are independent implementations. */
const require = createRequire(import.meta.url);
const encodeBatch = require('kafkajs/src/protocol/recordBatch/v0').RecordBatch as (
  batch: Readonly<Record<string, unknown>>,
) => Promise<{ readonly buffer: Buffer }>;
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (
  record: Readonly<Record<string, unknown>>,
) => unknown;

const TIME_MS = 1_700_000_000_000;
const VALUES: readonly (string | null)[] = ['first', null, '', 'x'.repeat(300), 'é\u0000'];

async function batchAt(firstOffset: number, values = VALUES, transactional = false): Promise<Buffer> {
  const records = values.map((value, at) =>
    encodeRecord({
      offsetDelta: at,
      timestampDelta: at * 100_000,
      key: at === 1 ? null : `key ${at}`,
      value,
      headers: { name: 'header', more: ['a', 'b'] },
    }),
  );
  const last = values.length - 1;
  const { buffer } = await encodeBatch({
    ...{ compression: 0, firstOffset, firstTimestamp: TIME_MS, maxTimestamp: TIME_MS + last * 100_000 },
    ...{ partitionLeaderEpoch: 0, lastOffsetDelta: last, transactional, producerId: 7, producerEpoch: 0 },
    ...{ firstSequence: 0, records },
  });
  return buffer;
}

const texts = async (batch: RecordBatch) =>
  (await recordsOf(batch)).map(({ offset, timestampMs, key, value }) => [
    offset,
    timestampMs - TIME_MS,
    key?.toString() ?? null,
    value?.toString() ?? null,
  ]);

const EXPECTED = VALUES.map((value, at) => [1000 + at, at * 100_000, at === 1 ? null : `key ${at}`, value]);

describe('a fetched part of a log', () => {
  it('is cut into its batches, without an incomplete one', async () => {
    const [first, second] = [await batchAt(1000), await batchAt(2000, ['one'], true)];
    const found = [...batchesOf(Buffer.concat([first, second, first.subarray(0, 70)]))];
    expect(found).toMatchObject([
      { firstOffset: 1000, lastOffset: 1004, count: 5, codec: 0, isTransactional: false, isControl: false },
      { firstOffset: 2000, lastOffset: 2000, count: 1, isTransactional: true, producerId: 7n },
    ]);
    expect(await Promise.all(found.map(texts))).toEqual([EXPECTED, [[2000, 0, 'key 0', 'one']]]);
  });

  it('has the headers of its records, of which several may have one key', async () => {
    const [batch] = batchesOf(await batchAt(1000));
    const [record] = await recordsOf(batch as RecordBatch);
    expect(record?.headers.map(({ key, value }) => [String(key), String(value)])).toEqual([
      ['name', 'header'],
      ['more', 'a'],
      ['more', 'b'],
    ]);
  });

  it('of an older message format is refused with the offset of the batch', async () => {
    const log = await batchAt(1000);
    log.writeInt8(1, 16);
    expect(() => [...batchesOf(log)]).toThrow(
      expect.objectContaining({ offset: 1000, message: 'is of message format 1' }),
    );
  });

  it('has the time of the broker where the topic wants that', async () => {
    const log = await batchAt(1000);
    log.writeInt16BE(0x08, 21);
    log.writeBigInt64BE(BigInt(TIME_MS + 5), 35);
    const [batch] = batchesOf(log);
    expect((await texts(batch as RecordBatch)).map(([, ms]) => ms)).toEqual([5, 5, 5, 5, 5]);
  });

  it('distinguishes the marker of an aborted transaction from that of a committed one', async () => {
    const marker = async (type: number): Promise<RecordBatch> => {
      const log = await batchAt(1000, ['']);
      const [batch] = batchesOf(log);
      // length, attributes, timestamp, offset, key of version and type, no value, no headers.
      const content = Buffer.from([0x16, 0, 0, 0, 8, 0, 0, 0, type, 1, 0]);
      return { ...(batch as RecordBatch), isControl: true, content };
    };
    expect([isAbortMarker(await marker(0)), isAbortMarker(await marker(1))]).toEqual([true, false]);
  });
});

describe('a compressed batch', () => {
  const compressed = async (codec: number, compress: (records: Buffer) => Uint8Array) => {
    const [batch] = batchesOf(await batchAt(1000));
    const { content } = batch as RecordBatch;
    return { ...(batch as RecordBatch), codec, content: Buffer.from(compress(content)) };
  };
  /** As Java's SnappyOutputStream frames its blocks. */
  const xerial = (records: Buffer): Buffer => {
    const blocks = [records.subarray(0, 100), records.subarray(100)].flatMap((block) => {
      const packed = Buffer.from(snappy.compress(block));
      const length = Buffer.alloc(4);
      length.writeInt32BE(packed.length);
      return [length, packed];
    });
    return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), ...blocks]);
  };
  /**
   * A zstd frame of one block that is not compressed: magic, descriptor without a size, window,
   * block header.
   */
  const zstd = (records: Buffer): Buffer => {
    const block = Buffer.alloc(3);
    block.writeUIntLE((records.length << 3) | 1, 0, 3);
    return Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), block, records]);
  };

  it.each<[string, number, (records: Buffer) => Uint8Array]>([
    ['gzip', 1, gzipSync],
    ['snappy as Java frames it', 2, xerial],
    ['snappy without a frame', 2, (records) => snappy.compress(records)],
    ['lz4', 3, (records) => lz4.compress(records)],
    ['zstd', 4, zstd],
  ])('of %s gives its records', async (_name, codec, compress) => {
    expect(await texts(await compressed(codec, compress))).toEqual(EXPECTED);
  });

  it('of a codec that is not known is refused with the codec and the offset', async () => {
    const batch = await compressed(5, (records) => records);
    await expect(recordsOf(batch)).rejects.toMatchObject({
      offset: 1000,
      message: 'is compressed with codec 5, which is unknown',
    });
  });

  it('that is damaged is refused with the codec, the offset and the cause', async () => {
    const batch = await compressed(1, (records) => gzipSync(records).subarray(0, 40));
    await expect(recordsOf(batch)).rejects.toMatchObject({
      offset: 1000,
      message: 'is compressed with gzip and cannot be decoded',
      cause: expect.any(Error),
    });
  });
});
