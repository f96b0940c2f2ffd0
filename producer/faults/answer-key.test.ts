import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transactions } from '../../tests/support/transactions.ts';
import { ProducerError } from '../errors.ts';
import type { OutgoingRecord, RecordTrace } from '../generate/event-source.ts';
import { AnswerKey, openAnswerKey } from './answer-key.ts';
import { eventDescriber } from './event-description.ts';

const describeTransaction = eventDescriber(transactions);

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'answer-key-'));
  path = join(folder, 'answer-key.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const lines = (): unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const EVENT_TS = '2026-01-01T00:00:00.000+00:00';
const valueWith = (id: string): string => `{"txn_id":"${id}","event_ts":"${EVENT_TS}","amount":1}`;
const record = (value: string | null, trace?: RecordTrace): OutgoingRecord => ({
  ...{ key: 'card', value, timestampMs: 0 },
  ...(trace && { trace }),
});

describe('AnswerKey', () => {
  it('writes a line for each injected record, at the offset that the broker gave it', () => {
    const key = new AnswerKey(path, describeTransaction);
    const original = {};
    const batch = [
      record(valueWith('a'), original),
      record(valueWith('b'), { fault: 'late' }),
      record(valueWith('c')),
      record(valueWith('a'), { fault: 'duplicate', original }),
      record(null, { fault: 'malformed:tombstone', reason: 'null_value' }),
      record('{"txn_id":"d","ev', { fault: 'malformed:broken_json', reason: 'not_json_object' }),
      record('{"txn_id":"e","event_ts":17}', { fault: 'malformed:bad_timestamp', reason: 'bad_event_ts' }),
    ];
    key.placed(2, batch, 100);
    key.close();
    const silver = { expected_sink: 'silver', expected_reason: null };
    const unreadable = { expected_sink: 'quarantine', txn_id: null, event_ts: null };
    expect(lines()).toEqual([
      { partition: 2, offset: 101, fault: 'late', ...silver, txn_id: 'b', event_ts: EVENT_TS },
      {
        ...{ partition: 2, offset: 103, fault: 'duplicate', ...silver, txn_id: 'a', event_ts: EVENT_TS },
        duplicate_of: { partition: 2, offset: 100 },
      },
      {
        ...unreadable,
        partition: 2,
        offset: 104,
        fault: 'malformed:tombstone',
        expected_reason: 'null_value',
      },
      {
        ...unreadable,
        partition: 2,
        offset: 105,
        fault: 'malformed:broken_json',
        expected_reason: 'not_json_object',
      },
      {
        ...{ ...unreadable, txn_id: 'e', partition: 2, offset: 106 },
        ...{ fault: 'malformed:bad_timestamp', expected_reason: 'bad_event_ts' },
      },
    ]);
  });

  it('knows an original of an earlier batch', () => {
    const key = new AnswerKey(path, describeTransaction);
    const original = {};
    key.placed(1, [record(valueWith('a'), original)], 7);
    key.placed(1, [record(valueWith('a'), { fault: 'duplicate', original })], 8);
    key.close();
    expect(lines()).toMatchObject([{ offset: 8, duplicate_of: { partition: 1, offset: 7 } }]);
  });

  it('says which injected records, and which originals of copies, are at unknown offsets', () => {
    const key = new AnswerKey(path, describeTransaction);
    const original = {};
    key.placed(0, [record(valueWith('a'), original), record(valueWith('b'), { fault: 'late' })], undefined);
    key.placed(0, [record(valueWith('a'), { fault: 'duplicate', original })], 12);
    key.unknown(0, [record(valueWith('c')), record(valueWith('d'), { fault: 'late' })], 'not acknowledged');
    key.close();
    const unknown = { partition: 0, fault: 'late', event_ts: EVENT_TS };
    expect(lines()).toEqual([
      {
        unknown: {
          ...unknown,
          txn_id: 'b',
          why: 'the broker has the records and did not tell their offsets',
        },
      },
      expect.objectContaining({ offset: 12, duplicate_of: null }),
      { unknown: { ...unknown, txn_id: 'd', why: 'not acknowledged' } },
    ]);
  });

  it('appends to what an earlier run wrote, and begins a new line after half a one', () => {
    writeFileSync(path, '{"offset":1}\n');
    const first = new AnswerKey(path, describeTransaction);
    first.placed(0, [record(valueWith('a'), { fault: 'late' })], 2);
    first.close();
    expect(lines()).toHaveLength(2);
    appendFileSync(path, '{"offset":3,"fau');
    const second = new AnswerKey(path, describeTransaction);
    second.placed(0, [record(valueWith('b'), { fault: 'late' })], 4);
    second.close();
    const written = readFileSync(path, 'utf8').split('\n');
    expect(written.map((line) => line.slice(0, 16))).toEqual([
      ...['{"offset":1}', '{"partition":0,"', '{"offset":3,"fau', '{"partition":0,"', ''],
    ]);
  });

  it('ends the producer with an error when it cannot be written', () => {
    const key = new AnswerKey(path, describeTransaction);
    key.close();
    expect(() => key.placed(0, [record(valueWith('a'), { fault: 'late' })], 2)).toThrow(ProducerError);
  });
});

describe('openAnswerKey', () => {
  it('waits for its folder to appear', async () => {
    const missing = join(folder, 'later', 'answer-key.jsonl');
    const told: string[] = [];
    const { mkdirSync } = await import('node:fs');
    const opening = openAnswerKey(missing, describeTransaction, new AbortController().signal, (detail) => {
      told.push(detail);
      if (told.length === 1) mkdirSync(join(folder, 'later'));
    });
    (await opening)?.close();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/cannot be opened: ENOENT/);
  });

  it('gives up waiting when it is stopped', async () => {
    const stop = new AbortController();
    const opening = openAnswerKey(join(folder, 'never', 'key'), describeTransaction, stop.signal, () =>
      stop.abort(),
    );
    expect(await opening).toBeUndefined();
  });
});
