import { expect, it } from 'vitest';
import { sinceTime } from './logs.ts';

const NOW = Date.parse('2026-01-31T10:00:00Z');

it.each([
  ['30s', 30_000],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['1h0m5s', 3_605_000],
  ['10 minutes', 600_000],
  ['1 Hour', 3_600_000],
  ['2days', 172_800_000],
  ['0s', 0],
])('%s is that long ago', (text, agoMs) => {
  expect(sinceTime(text, NOW)).toBe(NOW - agoMs);
});

it.each([
  ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00Z'],
  ['2026-01-31T09:00:00.5+02:00', '2026-01-31T07:00:00.500Z'],
  ['2026-01-31t08:30z', '2026-01-31T08:30:00Z'],
])('%s is that time', (text, time) => {
  expect(sinceTime(text, NOW)).toBe(Date.parse(time));
});

it.each([
  ['2026-01-30T09:00:00', new Date(2026, 0, 30, 9)],
  ['2026-01-30 09:00', new Date(2026, 0, 30, 9)],
  ['2026-01-30', new Date(2026, 0, 30)],
])('%s, without a zone, is a time of this machine', (text, time) => {
  expect(sinceTime(text, NOW)).toBe(time.getTime());
});

it.each([
  ...['', '10', 'ten minutes', '10x', 'm', '10m5', '5s10m', '-5s', '1.5h', '2 weeks', '999999999 days'],
  ...['2025-02-29', '2025-13-01T00:00:00Z', '2026-01-30T25:00:00Z', '2026-01-31T10:00:00.001Z'],
])('"%s" is refused by name, with what is allowed', (text) => {
  expect(() => sinceTime(text, NOW)).toThrow(
    `--since ${JSON.stringify(text)} is not allowed: it must be how long ago, such as 30s, 10m, 1h30m or "10 minutes", or a time that has been`,
  );
});
