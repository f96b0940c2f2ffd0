import { describe, expect, it } from 'vitest';
import { classifying, KAFKA_US } from '../../../tests/support/classified.ts';
import { transactions } from '../../../tests/support/transactions.ts';
import { silverColumns } from '../../pipeline/model.ts';

const classify = classifying(transactions);
const columns = silverColumns(transactions.fields, transactions.eventTime).map(({ name }) => name);

const FIELDS: Readonly<Record<string, string>> = {
  txn_id: '"3f0c5d9e-8f0a-4c0d-9a51-0a6f0a5a7b10"',
  event_ts: '"2026-01-01T12:00:00.123+00:00"',
  user_id: '"user_00001"',
  card_id: '"card_00001"',
  merchant: '"Café \\"Zoë\\", {Inc} [x]"',
  category: '"groceries"',
  amount: '12.34',
  currency: '"EUR"',
  status: '"approved"',
  city: '"Paris"',
  country: '"FR"',
  lat: '48.85',
  lon: '2.35',
};

/** A value with some fields' source text changed, or left out when undefined. */
function valueWith(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(([, source]) => source !== undefined);
  return `{${fields.map(([name, source]) => `"${name}":${source}`).join(',')}}`;
}

/** The reason; undefined for a silver row. */
function quarantineReason(value: string | null) {
  const outcome = classify(value);
  return typeof outcome === 'string' ? outcome : undefined;
}

describe('why a value is quarantined', () => {
  it('takes a complete transaction, and one with only what silver needs', () => {
    expect(quarantineReason(valueWith())).toBeUndefined();
    expect(
      quarantineReason('{"txn_id":"t","card_id":"c","event_ts":"2026-01-01T00:00:00Z","amount":1}'),
    ).toBeUndefined();
    expect(
      quarantineReason(`\n {"extra": {"amount": [1.005, "}"]}, ${valueWith().slice(1)} \t`),
    ).toBeUndefined();
  });

  it('knows a tombstone', () => {
    expect(quarantineReason(null)).toBe('null_value');
  });

  it.each([
    '',
    ' ',
    'not json',
    'null',
    '[]',
    '"text"',
    '12',
    '{',
    `${valueWith()} trailing`,
    `${valueWith()}${valueWith()}`,
    `${valueWith()},"x":1`,
    '{"txn_id":"t",}',
    "{'txn_id':'t'}",
    valueWith({ lat: 'NaN' }),
    valueWith({ amount: '01.5' }),
    valueWith({ amount: '+1' }),
    valueWith({ amount: '.5' }),
    valueWith({ merchant: '"a\nb"' }),
    `\uFEFF${valueWith()}`,
  ])('wants exactly one JSON object: %j', (value) => {
    expect(quarantineReason(value)).toBe('not_json_object');
  });

  it.each(['txn_id', 'card_id', 'event_ts', 'amount'])('misses %s whether it is absent or null', (name) => {
    expect(quarantineReason(valueWith({ [name]: undefined }))).toBe(`missing_${name}`);
    expect(quarantineReason(valueWith({ [name]: 'null' }))).toBe(`missing_${name}`);
  });

  it.each([
    '2026-01-01T12:00:00Z',
    '2026-01-01T12:00:00',
    '2026-01-01T12:00:00.1',
    '2026-01-01T12:00',
    '2026-01-01T12:00Z',
    '2026-01-01 12:00:00Z',
    '2026-01-01t12:00:00z',
    '2026-01-01T12:00:00+05',
    '2026-01-01 12:00-0330',
    '2026-01-01T12:00:00.123456789Z',
    '2026-01-01T12:00:00+05:30',
    '2026-01-01T12:00:00-0330',
    '2026-01-01T12:00:00.5+18:00',
    '2024-02-29T23:59:59Z',
    '2000-02-29T00:00:00Z',
  ])('takes the time %s', (time) => {
    expect(quarantineReason(valueWith({ event_ts: JSON.stringify(time) }))).toBeUndefined();
  });

  it.each([
    '"2026-01-01"',
    '"2026-01-01T12:00:00.Z"',
    '"2026-01-01T12:00.5Z"',
    '"2026-01-01T12Z"',
    '"2026-01-01  12:00:00Z"',
    '"2026-01-01T12:00:00 Z"',
    '"2026-01-01T12:00:00.1234567890Z"',
    '"2026-01-01T12:00:00+5:30"',
    '"2026-01-01T12:00:00+18:01"',
    '"2026-01-01T12:00:00+01:60"',
    '"2026-02-29T12:00:00Z"',
    '"1900-02-29T12:00:00Z"',
    '"2026-04-31T12:00:00Z"',
    '"2026-13-01T12:00:00Z"',
    '"2026-00-01T12:00:00Z"',
    '"2026-01-00T12:00:00Z"',
    '"2026-01-01T24:00:00Z"',
    '"2026-01-01T23:60:00Z"',
    '"2026-06-30T23:59:60Z"',
    '"2026-01-01T12:00:00Z\\n"',
    '" 2026-01-01T12:00:00Z"',
    '""',
    '1767268800',
    'true',
    '{}',
  ])('refuses the time %s', (source) => {
    expect(quarantineReason(valueWith({ event_ts: source }))).toBe('bad_event_ts');
  });

  it.each([
    '0',
    '-0',
    '0.00',
    '-12.5',
    '12.340',
    '12.3400000000000000000000',
    '1e2',
    '1.5E+1',
    '125e-2',
    '9999999999999999.99',
    '0.10e1',
    '1200e-4',
    '"12.34"',
    '"-1.5e1"',
  ])('takes the amount %s', (source) => {
    expect(quarantineReason(valueWith({ amount: source }))).toBeUndefined();
  });

  it.each([
    '1.005',
    '0.001',
    '1e-3',
    '1.00000000000000000001',
    '0.1e-1000000',
    '1e16',
    '10000000000000000',
    '1e400',
    '"12.345"',
    '" 1"',
    '"1 "',
    '"+1"',
    '"01"',
    '"NaN"',
    '""',
    'true',
    '[]',
    '{"a":1}',
  ])('refuses the amount %s', (source) => {
    expect(quarantineReason(valueWith({ amount: source }))).toBe('bad_amount');
  });

  it('takes numbers for text, to the letter, and nothing else that is no text', () => {
    for (const source of ['42', '-7', '1.5', '1.50', '1e2', '-0', '12.340000000000000001', '1E-400']) {
      const row = classify(valueWith({ merchant: source, txn_id: source }));
      expect([row[columns.indexOf('merchant')], row[columns.indexOf('txn_id')]]).toEqual([source, source]);
    }
    for (const source of ['true', '[]', '{"a":"}"}']) {
      expect(quarantineReason(valueWith({ merchant: source }))).toBe('wrong_type');
      expect(quarantineReason(valueWith({ txn_id: source }))).toBe('bad_txn_id');
    }
  });

  it('knows a Schema Registry header by its zero byte, whatever follows', () => {
    expect(classify(Buffer.from([0, 0, 0, 0, 42]))).toBe('schema_registry_header');
    expect(classify(Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), Buffer.from(valueWith())]))).toBe(
      'schema_registry_header',
    );
    expect(classify(Buffer.from([0, 0, 0, 0]))).toBe('not_json_object');
    expect(classify(Buffer.from([0, 0xff, 0, 0, 0, 0xff]))).toBe('schema_registry_header');
  });

  it('wants finite numbers for coordinates, where there are any', () => {
    expect(quarantineReason(valueWith({ lat: 'null', lon: undefined }))).toBeUndefined();
    for (const source of ['"1"', 'false', '1e400', '[1]']) {
      expect(quarantineReason(valueWith({ lon: source }))).toBe('wrong_type');
    }
  });

  it('gives the first reason of the documented order', () => {
    const wrong: Record<string, string | undefined> = { user_id: 'true' };
    expect(quarantineReason(valueWith(wrong))).toBe('wrong_type');
    wrong['amount'] = '"x"';
    expect(quarantineReason(valueWith(wrong))).toBe('bad_amount');
    wrong['amount'] = undefined;
    expect(quarantineReason(valueWith(wrong))).toBe('missing_amount');
    wrong['event_ts'] = '"x"';
    expect(quarantineReason(valueWith(wrong))).toBe('bad_event_ts');
    wrong['event_ts'] = undefined;
    expect(quarantineReason(valueWith(wrong))).toBe('missing_event_ts');
    wrong['card_id'] = '{}';
    expect(quarantineReason(valueWith(wrong))).toBe('bad_card_id');
    wrong['card_id'] = undefined;
    expect(quarantineReason(valueWith(wrong))).toBe('missing_card_id');
    wrong['txn_id'] = undefined;
    expect(quarantineReason(valueWith(wrong))).toBe('missing_txn_id');
  });

  it('lets the last of equal names count, as Spark does', () => {
    const twice = (first: string, second: string) =>
      `${valueWith({ amount: first }).slice(0, -1)},"amount":${second}}`;
    expect(quarantineReason(twice('1.005', '1.5'))).toBeUndefined();
    expect(quarantineReason(twice('1.5', '1.005'))).toBe('bad_amount');
  });
});

describe('values whose numbers JavaScript gives back', () => {
  /** Changes to the text of a value that may mislead a reader that does not check every number. */
  const TRICKS = [
    valueWith(),
    valueWith({ amount: '-0.5' }),
    valueWith({ amount: '0012.5' }),
    valueWith({ amount: '12.345' }),
    valueWith({ amount: '"12.34"' }),
    valueWith({ amount: '99999999999999.99' }),
    valueWith({ amount: ' 12.3 ' }),
    valueWith({ merchant: '"amount"' }),
    valueWith({ merchant: '"\\"amount\\":1.00,"' }),
    valueWith({ amount: undefined, x: '{"amount":5.00}' }),
    valueWith({ x: '{"amount":5.00}' }),
    valueWith({ x: '[1,2]' }),
    valueWith({ lat: '1e400' }),
    valueWith({ lat: '"1"' }),
    valueWith({ lon: 'null' }),
    valueWith({ city: 'null', country: undefined }),
    valueWith({ city: '7' }),
    valueWith({ city: '-0' }),
    valueWith({ city: '1.5' }),
    valueWith({ city: '{}' }),
    valueWith({ txn_id: 'null' }),
    valueWith({ event_ts: '"2026-01-01"' }),
    `${valueWith().slice(0, -1)},"amount":1}`,
    `${valueWith().slice(0, -1)},"\\u0061mount":1.005}`,
    `[${valueWith()}]`,
    `${valueWith()} x`,
    '"amount":1}',
  ];

  it.each(TRICKS)('become what they become with another number that it does not: %s', (value) => {
    expect(classify(value)).toEqual(classify(value.replace('{', '{"other":-0.10,')));
  });
});

describe('the values of a silver row', () => {
  it('are exact', () => {
    expect(
      classify(valueWith({ amount: '-1234567890123.45', user_id: '-0', lat: '-0.0', category: 'null' })),
    ).toEqual([
      '3f0c5d9e-8f0a-4c0d-9a51-0a6f0a5a7b10',
      '-0',
      'card_00001',
      'Café "Zoë", {Inc} [x]',
      null,
      -123_456_789_012_345n,
      'EUR',
      'approved',
      'Paris',
      'FR',
      -0,
      2.35,
      BigInt(Date.UTC(2026, 0, 1, 12)) * 1000n + 123_000n,
      KAFKA_US,
      't',
      1n,
      7n,
    ]);
  });

  it('have a question mark for half a surrogate pair, as Java encodes it', () => {
    const row = classify(valueWith({ city: '"a\\ud800b\\ud83d\\ude00"' }));
    expect(row).toContain('a?b😀');
  });
});
