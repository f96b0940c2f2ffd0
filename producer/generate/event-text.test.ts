import { describe, expect, it } from 'vitest';
import { isoWriter } from './iso-time.ts';
import { amountText } from './transactions.ts';

describe('isoWriter', () => {
  it('writes any millisecond, forwards and backwards in time', () => {
    const iso = isoWriter('+00:00');
    const startMs = Date.UTC(2026, 11, 31, 23, 59, 58);
    for (const offset of [0, 1, 999, 1000, 1999, 2001, -1, -1000, -1001, 5e9, -2e12]) {
      const timeMs = startMs + offset;
      expect(iso(timeMs)).toBe(new Date(timeMs).toISOString().replace('Z', '+00:00'));
    }
  });
});

describe('amountText', () => {
  it('writes what JSON.stringify writes', () => {
    for (const cents of [1, 5, 9, 10, 11, 90, 99, 100, 101, 110, 1234, 123_400, 999_999_999]) {
      expect(amountText(cents, 2)).toBe(JSON.stringify(cents / 100));
      expect(amountText(cents, 0)).toBe(JSON.stringify(cents));
    }
  });
});
