import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classifying, KAFKA_US } from '../../../tests/support/classified.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { type EpochUnit, type Field, type Pipeline, silverColumns, type Type } from '../../pipeline/model.ts';
import { shownOfRecord } from '../deep/shown-value.ts';
import { classifierOf, expectationCounts } from './classify.ts';

const everything = loadPipeline('data/fixtures/pipelines/everything/', join(import.meta.dirname, '../../..'));

/** A pipeline of these fields that uses the record's time as event time. */
function pipelineOf(fields: readonly Field[], changes: Partial<Pipeline> = {}): Pipeline {
  return {
    ...{ version: 1, name: 'test', fingerprint: '', unknownFields: 'ignore', gold: [] },
    source: { topic: 't', partitions: 1, key: null },
    eventTime: { field: 'kafka_ts', watermarkMs: 0 },
    expectations: { expect: [], expectOrQuarantine: [] },
    rawCsv: { columns: [] },
    ...changes,
    fields,
  };
}

const field = (name: string, type: Type, more: Partial<Field> = {}): Field => ({
  ...{ name, type, required: false, constraints: {} },
  ...more,
});

/**
 * The column `x` of a type for an event with this JSON as its value, or the reason where there is
 * no row.
 */
function read(type: Type, json: string) {
  const row = classifying(pipelineOf([field('x', type)]))(`{"x":${json}}`);
  return typeof row === 'string' ? row : row[0];
}

const ORDER: Readonly<Record<string, unknown>> = {
  order_id: '12345678-1234-1234-1234-123456789abc',
  shop: 'Main Street',
  quantity: 3,
  total: 10.5,
  placed: '2026-01-01T10:00:00Z',
  customer: { id: 7, address: { country: 'NL', since: '2020-02-29', geo: [52.5, 4.9] } },
  lines: [{ sku: 'a', price: '1.250', discounts: [0.25, '0.5', null] }],
};
const classify = classifying(everything);
const columns = silverColumns(everything.fields, everything.eventTime);

/** The reason of a changed order, or null. */
function reasonOf(change: Readonly<Record<string, unknown>>) {
  const outcome = classify(JSON.stringify({ ...ORDER, ...change }));
  return typeof outcome === 'string' ? outcome : null;
}

/** The job's tests use the same orders. */
const ORDERS: readonly (readonly [Readonly<Record<string, unknown>>, string | null])[] = [
  [{}, null],
  [{ extra: 1, more: {} }, 'unknown_field'],
  [{ order_id: 'x' }, 'bad_order_id'],
  [{ shop: 'A' }, 'bad_shop'],
  [{ shop: 'A'.repeat(41) }, 'bad_shop'],
  [{ channel: 'fax' }, 'bad_channel'],
  [{ channel: 'app' }, null],
  [{ quantity: 0 }, 'bad_quantity'],
  [{ quantity: 1.5 }, 'bad_quantity'],
  [{ quantity: '1' }, 'bad_quantity'],
  [{ packs_of_six: 7 }, 'bad_packs_of_six'],
  [{ packs_of_six: -12 }, null],
  [{ total: 1000000 }, 'bad_total'],
  [{ total: -0.001 }, 'bad_total'],
  [{ tick: 0.005 }, null],
  [{ tick: 0.006 }, 'bad_tick'],
  [{ wei: '12345678901234567890.123456789012345678' }, null],
  [{ score: -1 }, 'bad_score'],
  [{ gift: 'true' }, 'wrong_type'],
  [{ due: '2019-12-31' }, 'bad_due'],
  [{ due: '2020-05-31' }, 'due_after_order'],
  [{ birthday: '31.02.2000' }, 'wrong_type'],
  [{ packed: '2026-01-01T10:00' }, null],
  [{ logged: '01/Feb/2026:10:00:00 +0100', billed: '2/1/2026 1:05 pm', compact: '20260101100000Z' }, null],
  [{ compact: 20260101100000 }, 'wrong_type'],
  [{ sent_s: 1767225600.5, sent_ms: '1767225600123.4567', sent_us: 0 }, null],
  [{ sent_s: '1e999999999' }, 'wrong_type'],
  [{ sent_ms: 4102444800000 }, 'bad_sent_ms'],
  [{ customer: { id: 7, email: 'x' } }, 'bad_customer'],
  [{ customer: { id: 7, email: 'a@b.org', address: null } }, null],
  [{ customer: { id: '7' } }, 'bad_customer'],
  [{ customer: {} }, 'bad_customer'],
  [{ customer: 5 }, 'bad_customer'],
  [{ customer: null }, 'missing_customer'],
  [{ customer: { id: 7, address: { country: 'nl' } } }, 'bad_customer'],
  [{ customer: { id: 7, address: { country: 'NL', geo: [1, null] } } }, 'bad_customer'],
  [{ customer: { id: 7, unknown: 1 } }, null],
  [{ tags: ['a', null, 1.5] }, null],
  [{ tags: ['a', true] }, 'wrong_type'],
  [{ tags: ['a'.repeat(21)] }, 'bad_tags'],
  [{ tags: new Array(11).fill('a') }, 'bad_tags'],
  [{ lines: [] }, 'bad_lines'],
  [{ lines: [null] }, 'bad_lines'],
  [{ lines: [{ sku: 'a', price: 1.0005 }] }, 'bad_lines'],
  [{ lines: { sku: 'a' } }, 'bad_lines'],
  [{ matrix: [[1, 2], null, []] }, null],
  [{ matrix: [[1, 2.5]] }, 'wrong_type'],
  [{ shop: 'Test shop' }, 'not_a_test'],
  [{ total: 0.001 }, 'total_covers_quantity'],
  [{ score: 999.5 }, null],
  [{ score: 1000 }, null],
  [{ shop: 'Ab_test', total: 0.001 }, 'total_covers_quantity'],
  [{ gift: 'true', extra: 1 }, 'wrong_type'],
  [{ extra: 1, shop: 'A' }, 'unknown_field'],
  [{ channel: 'fax', shop: 'A' }, 'bad_shop'],
  [{ placed: null, quantity: 'x' }, 'bad_quantity'],
];

describe('an order of any kind', () => {
  it.each(ORDERS)('%j becomes silver, or goes for its first reason: %s', (change, reason) => {
    expect(reasonOf(change)).toBe(reason);
  });

  it('has times of every notation to the microsecond', () => {
    const change = {
      packed: '2026-01-01T10:00',
      logged: '01/Feb/2026:10:00:00 +0100',
      billed: '2/1/2026 1:05 pm',
      compact: '20260101100000+02',
      birthday: '29.02.2000',
      sent_s: 1767225600.5,
      sent_ms: '1767225600123.4567',
      sent_us: -1,
    };
    const row = classify(JSON.stringify({ ...ORDER, ...change }));
    const shown = (name: string) => {
      const at = columns.findIndex((column) => column.name === name);
      const { type = { kind: 'string' } } = columns[at] ?? {};
      return typeof row === 'string' ? row : shownOfRecord(type, row[at] ?? null);
    };
    expect(Object.fromEntries(Object.keys(change).map((name) => [name, shown(name)]))).toEqual({
      packed: { literal: '2026-01-01T08:00:00.000000Z' },
      logged: { literal: '2026-02-01T09:00:00.000000Z' },
      billed: { literal: '2026-02-01T13:05:00.000000Z' },
      compact: { literal: '2026-01-01T08:00:00.000000Z' },
      birthday: { literal: '2000-02-29' },
      sent_s: { literal: '2026-01-01T00:00:00.500000Z' },
      sent_ms: { literal: '2026-01-01T00:00:00.123456Z' },
      sent_us: { literal: '1969-12-31T23:59:59.999999Z' },
    });
    expect(shown('event_time')).toEqual({ literal: '2026-01-01T00:00:00.000000Z' });
    expect(shown('customer')).toEqual({
      literal:
        '{"id":7,"email":null,"credit":null,"address":{"country":"NL","since":2020-02-29,"geo":[52.5,4.9]}}',
    });
    expect(shown('lines')).toEqual({
      literal: '[{"sku":"a","price":1.250,"discounts":[0.2500,0.5000,null]}]',
    });
  });

  it('can be quarantined for these reasons', () => {
    const { reasons } = classifierOf(everything);
    expect(reasons.slice(0, 5)).toEqual([
      ...['null_value', 'schema_registry_header', 'not_json_object', 'missing_order_id', 'bad_order_id'],
    ]);
    expect(reasons).toEqual(
      expect.arrayContaining(['wrong_type', 'unknown_field', 'bad_tags', 'not_a_test']),
    );
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

describe('a value of a type', () => {
  it.each([
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
    ['9223372036854775808', 'wrong_type'],
    ['-0', 0n],
    ['1.0', 'wrong_type'],
    ['1e2', 'wrong_type'],
    ['true', 'wrong_type'],
  ])('integer %s is %s', (json, expected) => {
    expect(read({ kind: 'integer' }, json)).toBe(expected);
  });

  it.each([
    ['1.5', 15_000n],
    ['"1.50000"', 15_000n],
    ['99999999999999999999999999999999999.9999', 'wrong_type'],
    ['9999999999999999999999999999999999.9999', 99_999_999_999_999_999_999_999_999_999_999_999_999n],
    ['1.00005', 'wrong_type'],
    ['0e999999999', 0n],
    ['"0.0e-999999999"', 0n],
    ['1e-999999999', 'wrong_type'],
    ['"1e999999999999999999999"', 'wrong_type'],
    [`"1${'0'.repeat(200_000)}1${'0'.repeat(200_000)}"`, 'wrong_type'],
  ])('decimal(38,4) %.40s is %s', (json, expected) => {
    expect(read({ kind: 'decimal', precision: 38, scale: 4 }, json)).toBe(expected);
  });

  it.each([
    ['"2026-01-31"', 20_484],
    ['"0000-02-29"', -719_469],
    ['"9999-12-31"', 2_932_896],
    ['"2026-02-29"', 'wrong_type'],
    ['"2026-1-1"', 'wrong_type'],
    ['"2026-01-31T00:00:00Z"', 'wrong_type'],
    ['20260131', 'wrong_type'],
  ])('date %s is day %s', (json, expected) => {
    expect(read({ kind: 'date', format: 'iso8601' }, json)).toBe(expected);
  });

  it.each([
    ['1767225600', 1_767_225_600_000_000n],
    ['"1767225600.1234569"', 1_767_225_600_123_456n],
    ['-1.0000019', -1_000_001n],
    ['1e-30', 0n],
    ['1.7672256e9', 1_767_225_600_000_000n],
    ['253402300799.9999999', 253_402_300_799_999_999n],
    ['253402300800', 'wrong_type'],
    ['-62167219200', -62_167_219_200_000_000n],
    ['-62167219200.00000001', 'wrong_type'],
    ['1e999999999', 'wrong_type'],
    ['"x"', 'wrong_type'],
    ['null', null],
  ])('seconds since 1970 %s are %s', (json, expected) => {
    expect(read({ kind: 'timestamp', epoch: 'seconds' }, json)).toBe(expected);
  });

  it('time since 1970 is exact however its number is written', () => {
    const epochs: { number: string; unit: EpochUnit; micros: string | null }[] = readFileSync(
      new URL('../../../data/fixtures/epochs.jsonl', import.meta.url),
      'utf8',
    )
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { number, unit, micros } of epochs) {
      const expected = micros === null ? 'wrong_type' : BigInt(micros);
      for (const json of [number, `"${number}"`]) {
        expect(read({ kind: 'timestamp', epoch: unit }, json), `${json} ${unit}`).toBe(expected);
      }
    }
  });

  it('timestamp without an offset is of its zone', () => {
    const zoned = (text: string) =>
      read({ kind: 'timestamp', format: 'iso8601', timezone: '+05:30' }, JSON.stringify(text));
    expect(zoned('1970-01-01T05:30')).toBe(0n);
    expect(zoned('1970-01-01T00:00Z')).toBe(0n);
    expect(zoned('1970-01-01 01:00+01')).toBe(0n);
  });

  it('double is finite', () => {
    expect(read({ kind: 'double' }, '1e308')).toBe(1e308);
    expect(read({ kind: 'double' }, '1e309')).toBe('wrong_type');
    expect(read({ kind: 'double' }, '"1"')).toBe('wrong_type');
  });
});

describe('the members of an event', () => {
  it('may have the names of members of every object', () => {
    const classifyOdd = classifying(
      pipelineOf([field('constructor', { kind: 'string' }), field('__proto__', { kind: 'string' })], {
        unknownFields: 'quarantine',
      }),
    );
    expect(classifyOdd('{}').slice(0, 2)).toEqual([null, null]);
    for (const more of ['', ',"constructor":1.50']) {
      const row = classifyOdd(`{"__proto__":"p"${more}}`);
      expect(row.slice(0, 2)).toEqual([more === '' ? null : '1.50', 'p']);
    }
    expect(classifyOdd('{"toString":1}')).toBe('unknown_field');
  });

  it('are compared by their names without escapes, with the last one counting, in objects within as well', () => {
    const inner: Type = { kind: 'object', fields: [field('a', { kind: 'integer' })] };
    expect(read(inner, '{"a":"x","\\u0061":5}')).toEqual([5n]);
    expect(read(inner, '{"a":5,"a":1.0}')).toBe('wrong_type');
    expect(read(inner, '{"A":5}')).toEqual([null]);
  });

  it('of an object that is not required may be missing, and of one that is there a required one may not', () => {
    const inner: Type = { kind: 'object', fields: [field('a', { kind: 'string' }, { required: true })] };
    expect(read(inner, 'null')).toBeNull();
    expect(read(inner, '{}')).toBe('wrong_type');
  });
});

it('the time of a record is the event time where the pipeline says so', () => {
  const row = classifying(pipelineOf([field('a', { kind: 'string' })]))('{"a":"x"}');
  expect(row).toEqual(['x', KAFKA_US, KAFKA_US, 't', 1n, 7n]);
});

it('a row fails an expectation only where it is false; unknown (NULL) does not count', () => {
  const counts = expectationCounts(everything);
  for (const change of [
    {},
    { channel: 'web', total: 250 },
    { channel: 'web', total: 250, gift: false, customer: { id: 7, address: { country: 'FR' } } },
    { total: 250, gift: true, customer: { id: 7 } },
    { customer: { id: 7, address: { country: 'BE' } } },
  ]) {
    const row = classify(JSON.stringify({ ...ORDER, ...change }));
    if (typeof row === 'string') throw new Error(`in quarantine: ${row}`);
    counts.count(row);
  }
  // total < 100 OR gift is unknown in the second row; the country is unknown in the fourth.
  expect(counts.unmet()).toEqual({ has_channel: 3, cheap_or_gift: 1, european: 1 });
});
