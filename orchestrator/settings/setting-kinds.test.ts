import { describe, expect, it } from 'vitest';
import { durationMs, readValue, rulesOf, valueText } from './setting-kinds.ts';
import { duration, hosts, integer, offsets, share, type ValueKind } from './setting-row.ts';
import { SETTING_TABLE } from './setting-table.ts';

const read = (takes: ValueKind, text: string) => {
  const reading = readValue<ValueKind>(takes, text);
  return 'value' in reading ? reading.value : `allowed: ${reading.allowed}`;
};

describe('a value', () => {
  it.each<[ValueKind, string, unknown]>([
    [integer(1, 10), '\t007 ', 7],
    [share(1), '0.50', 0.5],
    [duration(), '5Seconds', '5 seconds'],
    [duration(), '01 DAYS', '1 day'],
    [duration(), '100001 days', expect.stringContaining('allowed: a count and a unit')],
    [duration(1), '0 hours', expect.stringContaining('allowed: a count above 0')],
    [hosts, 'a:1 ,[::1]:9092', 'a:1,[::1]:9092'],
    [hosts, 'a:0', expect.stringContaining('allowed: host:port')],
    [offsets, '{"a":{"10":1e3,"2":-0,"1":2.0}}', '{"a":{"1":2,"2":0,"10":1000}}'],
    [offsets, '{"a":{"0":NaN}}', expect.stringContaining('allowed: earliest, latest')],
  ])('of %j: %j is read as %j', (takes, text, value) => {
    expect(read(takes, text)).toEqual(value);
  });

  it('is passed on as a text that its kind accepts, small shares too', () => {
    expect(valueText(share(1), 0.000_000_001)).toBe('0.000000001');
    expect(valueText(share(1), 1)).toBe('1');
    expect(valueText(share(1), 0)).toBe('0');
    expect(valueText(integer(0, 100), 100)).toBe('100');
  });
});

it('a duration in milliseconds', () => {
  expect(durationMs(' 90 Seconds ')).toBe(90_000);
  expect(durationMs('90')).toBeUndefined();
});

describe('the time of the first event', () => {
  const { takes } = SETTING_TABLE.EVENT_START;
  it.each(['2024-02-29T23:59Z', '2000-02-29T00:00:00Z', '2026-12-31T23:59:59.123456-11:30'])(
    'may be %s',
    (text) => {
      expect(read(takes, text)).toBe(text);
      expect(Date.parse(text)).not.toBeNaN();
    },
  );
  it.each([
    '2023-02-29T00:00Z',
    '1900-02-29T00:00Z',
    '2026-04-31T00:00Z',
    '2026-13-01T00:00Z',
    '2026-01-01T24:00Z',
    '2026-01-01 00:00Z',
    '2026-01-01T00:00',
  ])('may not be %s', (text) => {
    expect(read(takes, text)).toContain('allowed: an ISO-8601 time');
  });
});

// Their meanings differ between JavaScript and Python.
it.each(Object.entries(SETTING_TABLE))(
  'the patterns of %s have no class of Unicode and no end of a line',
  (_name, { takes }) => {
    for (const { pattern } of rulesOf(takes)) {
      expect(pattern).not.toMatch(/\\[dwsbDWSB]/);
      expect(pattern.replaceAll(/\\\$/g, '')).not.toMatch(/\$|\^(?<!\[\^)/);
    }
  },
);

it('the default of every setting is a value of it', () => {
  for (const [name, row] of Object.entries(SETTING_TABLE)) {
    if (!('default' in row)) continue;
    expect([name, read(row.takes, row.default)]).not.toEqual([name, expect.stringMatching(/^allowed: /)]);
  }
});
