import { describe, expect, it } from 'vitest';
import { epochUnitOf, notationOfTexts } from './time-notation.ts';

const notation = (...texts: readonly string[]) => notationOfTexts(texts, (count) => count === texts.length);
const unit = (...texts: readonly string[]) => epochUnitOf(texts, (count) => count === texts.length);

describe('the notation of texts', () => {
  it.each([
    ['2025-09-26T13:33:14.917810', '2025-09-26 13:33'],
    ['2026-01-11T05:58:16.160089Z', '2026-01-11T05:58:16+02'],
  ])('%s is ISO 8601', (...texts) => {
    expect(notation(...texts)).toMatchObject({ kind: 'timestamp' });
    expect(notation(...texts)?.format).toBeUndefined();
  });

  it.each([
    ['M/d/yy H:mm', '1/13/24 7:05', '12/2/24 17:05'],
    ['dd/MM/yyyy HH:mm:ss', '13/01/2024 07:05:09', '02/12/2024 17:05:00'],
    ['d.M.yyyy', '1.2.2024', '13.12.2024'],
    ['dd/MMM/yyyy:HH:mm:ss XX', '26/Nov/2026:14:18:27 +0100', '01/Dec/2026:00:00:00 -0500'],
    ['MMM d, yyyy h:mm a', 'Jan 5, 2024 1:05 PM', 'Dec 15, 2024 11:05 AM'],
    ['MMMM d, yyyy', 'January 5, 2024', 'May 15, 2024'],
    ["yyyyMMdd'T'HHmmssX", '20240131T101500Z', '20240201T000000Z'],
    ['yyyy/MM/dd HH:mm[:ss[.SSS]]', '2024/01/31 10:15', '2024/01/31 10:15:01.123', '2024/01/31 10:15:01'],
    ["yyyy-MM-dd HH:mm:ss 'UTC'", '2024-01-31 10:15:00 UTC'],
    ['yyyy.MM.dd HH:mm:ssXXX', '2024.01.31 10:15:00+01:00', '2024.01.31 10:15:00Z'],
  ])('%s is found', (format, ...texts) => {
    expect(notation(...texts)?.format).toBe(format);
  });

  it('of dates alone is that of a date', () => {
    expect(notation('2021-03-10', '2021-03-11')).toEqual({ kind: 'date', why: [] });
    expect(notation('10/31/2021')).toMatchObject({ kind: 'date', format: 'MM/dd/yyyy' });
  });

  it('tells when no day above 12 proves the order of day and month', () => {
    expect(notation('03/04/2024 10:00')?.why[0]).toMatch(/^Guessed: .*no value proves/);
    // As days in a row rather than months apart.
    expect(notation('01/02/2024', '02/02/2024', '03/02/2024')).toMatchObject({
      format: 'dd/MM/yyyy',
      why: [expect.stringContaining('lie closer together')],
    });
    expect(notation('12/31/2024')?.why[1]).toBe('The order of day and month is proven by a day above 12');
  });

  it.each([['12:30:00'], ['hello'], ['2024-13-45'], ['31/31/2024'], ['1.2.3.4'], ['2024-01-31', 'x']])(
    '%s is none',
    (...texts) => {
      expect(notation(...texts)).toBeUndefined();
    },
  );
});

it('the unit of an epoch follows from its size', () => {
  expect(unit('1710064800', '1649692100.0120409')).toBe('seconds');
  expect(unit('1710064800000')).toBe('milliseconds');
  expect(unit('1710064800000000')).toBe('microseconds');
  expect(unit('1710064800000000000')).toBe('nanoseconds');
  expect(unit('1710064800', '1710064800000')).toBeUndefined();
  expect(unit('42')).toBeUndefined();
});
