import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TextError } from '../text-error.ts';
import { normalisePattern } from './ecma-pattern.ts';
import { readPattern } from './jdk-pattern.ts';
import { readTime } from './read-time.ts';
import { STRING_FORMATS } from './string-formats.ts';

/** Spark 3.5 and Java give the same results for these texts as these files expect. */
function fixture<T>(name: string): T[] {
  const text = readFileSync(new URL(`../../../data/fixtures/${name}`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

interface TimePattern {
  readonly pattern: string;
  readonly kind: 'date' | 'timestamp';
  readonly format: string;
  readonly shape: string;
  readonly texts: Readonly<Record<string, string | null>>;
}
interface Regex {
  readonly pattern?: string;
  readonly format?: string;
  readonly normalised: string;
  readonly found: readonly string[];
  readonly notFound: readonly string[];
}

describe('patterns of dates and times', () => {
  it.each(fixture<TimePattern>('time-patterns.jsonl'))(
    '$pattern ($kind)',
    ({ pattern, kind, format, shape, texts }) => {
      const read = readPattern(pattern, kind);
      expect(read.shape).toBe(shape);
      expect(read.format).toBe(format);
      for (const [text, expected] of Object.entries(texts)) {
        expect(timeText(readTime(read, text), kind), JSON.stringify(text)).toBe(expected);
      }
    },
  );

  it('reads a text without an offset in the zone of the contract', () => {
    const pattern = readPattern('yyyy-MM-dd HH:mm[XXX]', 'timestamp');
    const read = (text: string) => timeText(readTime(pattern, text, '+02:00'), 'timestamp');
    expect(read('2026-01-31 10:20')).toBe('2026-01-31T08:20:00.000000Z');
    expect(read('2026-01-31 10:20Z')).toBe('2026-01-31T10:20:00.000000Z');
  });

  it.each([
    ['yyyy-MM-dd E', 11, 'E is not supported in a pattern'],
    ['YYYY-MM-dd', 0, 'YYYY is not supported in a pattern'],
    ['yyyy-DDD', 5, 'DDD is not supported in a pattern'],
    ['yyyyy-MM-dd', 0, 'yyyyy is not supported in a pattern'],
    ['yyyy-MM-ddTHH', 10, 'T is not supported in a pattern'],
    ['yyyy-MM-dd HH:mm z', 17, 'z is not supported in a pattern'],
    ['yyyy-MM-dd HH:mm VV', 17, 'VV is not supported in a pattern'],
    ['yyyy-MM-dd constructor', 11, 'c is not supported in a pattern'],
    ['yyyyMMd', 6, 'd follows another number directly'],
    ['yyyyMMddHHmmssSSS', 14, 'SSS follows another number directly'],
    ["yyyyMMdd'0'HH", 11, 'HH follows another number directly'],
    ['yyyy-MM-dd HH[mm]ss', 17, 'ss follows another number directly'],
    ["yyyy-MM-dd'T", 10, "' without a second one"],
    ['yyyy-MM-dd[ HH', 10, '[ without ]'],
    ['yyyy-MM-dd HH]', 13, '] without ['],
    ['yyyy-MM-dd#', 10, '# is reserved'],
    ['MM-dd', 0, 'the pattern does not name one year'],
    ['yyyy-MM', 0, 'the pattern does not name one day'],
    ['yyyy-MM[-dd]', 0, 'the pattern does not name one day'],
    ['yyyy-yyyy-MM-dd', 5, 'yyyy is a second year'],
    ['yyyy-MM-MMM-dd', 0, 'the pattern does not name one month'],
    ['yyyy-MM-dd mm', 0, 'the pattern names minute without hour'],
    ['yyyy-MM-dd HH:ss', 0, 'the pattern names second without minute'],
    ['yyyy-MM-dd hh:mm', 0, 'the pattern names hour12 without amPm'],
    ['yyyy-MM-dd HH a', 0, 'the pattern names amPm without hour12'],
    ['yyyy-MM-dd HH hh a', 0, 'the pattern names the hour twice'],
  ])('%s is refused', (pattern, at, what) => {
    const error = thrownBy(() => readPattern(pattern, 'timestamp'));
    expect([error.at, error.what]).toEqual([at, what]);
  });

  it('has no time in a date', () => {
    expect(thrownBy(() => readPattern('yyyy-MM-dd HH', 'date')).what).toBe(
      'the pattern of a date names hour',
    );
  });
});

describe('regular expressions', () => {
  it.each(
    fixture<Regex>('regexes.jsonl').map((regex) => [regex.format ?? regex.pattern ?? '', regex] as const),
  )('%s', (_, { pattern, format, normalised, found, notFound }) => {
    expect(normalisePattern(pattern ?? STRING_FORMATS[format ?? ''] ?? '')).toBe(normalised);
    const regex = new RegExp(normalised, 'u');
    for (const text of found) expect(regex.test(text), JSON.stringify(text)).toBe(true);
    for (const text of notFound) expect(regex.test(text), JSON.stringify(text)).toBe(false);
  });

  it('has a case for every format', () => {
    const tested = fixture<Regex>('regexes.jsonl').flatMap(({ format }) => format ?? []);
    expect(tested.sort()).toEqual(Object.keys(STRING_FORMATS).sort());
  });

  it.each([
    ['(a', 0, '( without )'],
    ['a)', 1, ') without ('],
    ['[a', 0, '[ without ]'],
    ['[]', 0, 'the class is empty'],
    ['[z-a]', 2, '- stands between no two characters in order'],
    ['[\\d-z]', 3, '- stands between no two characters in order'],
    ['[\\D]', 1, '\\D, \\W and \\S are not supported in a class'],
    ['*a', 0, '* has nothing to repeat, or needs \\ before it'],
    ['a**', 2, '* has nothing to repeat, or needs \\ before it'],
    ['a++', 2, '+ has nothing to repeat, or needs \\ before it'],
    ['^*', 1, '* has nothing to repeat, or needs \\ before it'],
    ['a{', 1, '{ begins no repetition'],
    ['a{3,2}', 1, '{ begins no repetition'],
    ['a{2000}', 1, '{ begins no repetition'],
    ['a}', 1, '} has nothing to repeat, or needs \\ before it'],
    ['(a|b)*', 5, 'a group is repeated without a bound'],
    ['(a){1,101}', 3, 'a group is repeated without a bound'],
    ['(?<=a)b', 0, '(?< is not supported'],
    ['(?<name>a)', 0, '(?< is not supported'],
    ['(?i)a', 0, '(?i is not supported'],
    ['(a)\\1', 3, '\\1 is not supported'],
    ['\\bword', 0, '\\b is not supported'],
    ['\\p{L}', 0, '\\p is not supported'],
    ['\\u12', 0, '\\u is not supported'],
    ['\\ud800', 0, '\\u is not supported'],
    ['a\\', 1, '\\ is not supported'],
    ['😀(', 2, '( without )'],
    ['('.repeat(22), 21, 'groups are nested too deeply'],
  ])('%s is refused', (pattern, at, what) => {
    const error = thrownBy(() => normalisePattern(pattern));
    expect([error.at, error.what]).toEqual([at, what]);
  });
});

function timeText(us: bigint | undefined, kind: 'date' | 'timestamp'): string | null {
  if (us === undefined) return null;
  const micros = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const text = new Date(Number((us - micros) / 1000n)).toISOString();
  return kind === 'date' ? text.slice(0, 10) : text.replace('.000Z', `.${String(micros).padStart(6, '0')}Z`);
}

function thrownBy(run: () => unknown): TextError {
  try {
    run();
  } catch (error) {
    if (error instanceof TextError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
