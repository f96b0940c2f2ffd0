import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { KafkaRecord } from './kafka-record.ts';
import { encodedMessages } from './record-encoding.ts';

// The reference is kafkajs's own encoder of requests, which it does not export: the bytes that it
// sends for ordinary messages.
const load = createRequire(import.meta.url);
const produceRequest = load('kafkajs/src/protocol/requests/produce/v7/request.js');

async function requestOf(messages: readonly Message[], compression: number): Promise<Buffer> {
  const partitions = [{ partition: 2, firstSequence: 7, messages }];
  const request = produceRequest({
    ...{ acks: -1, timeout: 1000, compression, producerId: '12', producerEpoch: 3 },
    topicData: [{ topic: 'transactions', partitions }],
  });
  return (await request.encode()).buffer;
}
const ordinary = (records: readonly KafkaRecord[]): Message[] =>
  records.map(({ key, value, timestampMs, headers }) => ({
    ...{ key, value, timestamp: String(timestampMs) },
    ...(headers && { headers: structuredClone(headers) as NonNullable<Message['headers']> }),
  }));
const record = (value: string | Buffer | null, timestampMs = 1_767_268_800_000): KafkaRecord => ({
  ...{ key: 'card_00001', value, timestampMs },
});
const NONE = 0;
const GZIP = 1;

describe('encodedMessages', () => {
  it.each<[string, readonly KafkaRecord[]]>([
    ['bytes that are no text', [record(Buffer.from([0xff, 0, 0xfe])), record(Buffer.alloc(0))]],
    ['no key', [{ ...record('a'), key: null }, record('b'), { ...record(null), key: null }]],
    [
      'headers',
      [
        { ...record('a'), headers: { trace: 'é', many: ['1', '', '3'] } },
        record('b'),
        { ...record('c'), headers: {} },
        { ...record('d'), headers: { 9: 'x', a: 'y'.repeat(200) } },
      ],
    ],
    ['one record', [record('{"a":1}')]],
    ['an empty value and a tombstone', [record(''), record(null), record('x')]],
    ['a tombstone first', [record(null), record('x')]],
    ['text beyond ASCII', [record('Zürich, São Paulo, 東京, 🎉'), record('é'.repeat(100))]],
    [
      'lengths around the steps of a varint',
      [62, 63, 64, 65, 8190, 8191, 8192, 8193].map((n) => record('x'.repeat(n))),
    ],
    ['times that go on', [0, 1, 63, 64, 8191, 8192, 5e9].map((ms) => record('x', 1.7e12 + ms))],
    ['times that go back', [5, 3, 9, 0].map((ms) => record('x', 1.7e12 + ms))],
    ['many records', Array.from({ length: 9000 }, (_, n) => record(`value ${n}`, 1.7e12 + n))],
  ])('are sent byte for byte as kafkajs sends ordinary messages: %s', async (_, records) => {
    const expected = await requestOf(ordinary(records), NONE);
    const actual = await requestOf(encodedMessages(records), NONE);
    expect(actual.equals(expected)).toBe(true);
    const compressed = await requestOf(encodedMessages(records), GZIP);
    expect(compressed.equals(await requestOf(ordinary(records), GZIP))).toBe(true);
  });

  it('are encoded at once and not one by one', async () => {
    const records = Array.from({ length: 100 }, (_, n) => record(`value ${n}`));
    let calls = 0;
    const messages = encodedMessages(records);
    const encoded = messages.map((message) => {
      calls += 1;
      return encoderOf(message);
    });
    expect(calls).toBe(1);
    expect(encoded).toHaveLength(100);
  });

  it('stay whole when kafkajs groups them by partition', () => {
    const group = load('kafkajs/src/producer/groupMessagesPerPartition.js');
    const messages = encodedMessages([record('a'), record('b'), record('c')]);
    const grouped = group({ topic: 't', partitionMetadata: [{}], messages, partitioner: () => 2 });
    expect(Object.keys(grouped)).toEqual(['2']);
    expect(grouped['2']).toBe(messages);
  });

  it('are an ordinary list for a caller that encodes otherwise, or does something else', () => {
    const records = [record('a'), record('b')];
    const bytes = (text: string) => ({ buf: Buffer.from(text), buffer: Buffer.from(text) });
    const messages = encodedMessages(records);
    expect(messages.map(({ value }) => value)).toEqual(['a', 'b']);
    expect(messages.map(({ value }) => bytes(String(value))).map(({ buffer }) => String(buffer))).toEqual([
      'a',
      'b',
    ]);
    expect(encodedMessages([]).map(() => 1)).toEqual([]);
    const count = messages.reduce((sum) => sum + 1, 0);
    expect(count).toBe(2);
    expect(messages.filter(() => true)).toEqual(ordinary(records));
  });
});

function encoderOf({ key, value }: Message): { buf: Buffer; buffer: Buffer } {
  const encode = load('kafkajs/src/protocol/recordBatch/record/v0/index.js');
  return encode({ key, value, offsetDelta: 0, timestampDelta: 0 });
}
