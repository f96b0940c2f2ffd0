import { type JdkPattern, readPattern } from '../../pipeline/contract/jdk-pattern.ts';
import { readTime } from '../../pipeline/contract/read-time.ts';
import type { EpochUnit } from '../../pipeline/model.ts';
import { TextError } from '../../pipeline/text-error.ts';
import { isoDays, isoTimeUs } from '../../verify/oracle/field-value.ts';

/** How dates or times are written, and why that is known. */
export interface TimeNotation {
  readonly kind: 'date' | 'timestamp';
  /** A pattern of the JDK; undefined for ISO 8601. */
  readonly format?: string;
  readonly epoch?: EpochUnit;
  readonly why: readonly string[];
}

const ZONE = /(?:Z|[+-]\d\d(?::?\d\d)?)$/i;
const NO_OFFSET = 'Without an offset: UTC is assumed (defaultTimezone: "+02:00" would be another)';

/**
 * The notation of texts.
 * @param fits whether so many of the texts are enough
 * @returns undefined when the texts are no dates or times, or are written in several ways
 */
export function notationOfTexts(
  texts: readonly string[],
  fits: (count: number) => boolean,
): TimeNotation | undefined {
  const [first] = texts;
  if (first === undefined) return undefined;
  if (fits(texts.filter((text) => isoTimeUs(text) !== undefined).length)) {
    const isZoned = texts.every((text) => ZONE.test(text.slice(10)));
    return { kind: 'timestamp', why: isZoned ? ['ISO 8601'] : ['ISO 8601', NO_OFFSET] };
  }
  if (fits(texts.filter((text) => isoDays(text) !== undefined).length)) return { kind: 'date', why: [] };
  return patternOf(texts, fits);
}

const FORMS: readonly RegExp[] = [
  /^(?<y>\d{4})(?<s>[-/.])(?<m>\d{1,2})\k<s>(?<d>\d{1,2})/,
  /^(?<a>\d{1,2})(?<s>[-/.])(?<b>\d{1,2})\k<s>(?<y>\d{4}|\d{2})(?!\d)/,
  /^(?<d>\d{1,2})(?<s>[-/ .])(?<n>[A-Za-z]{3,9})\k<s>(?<y>\d{4}|\d{2})(?!\d)/,
  /^(?<n>[A-Za-z]{3,9}) (?<d>\d{1,2}), (?<y>\d{4})/,
  /^(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?=T?\d{6}|Z|$)/,
];
const TIME =
  /^(?<j>T| |, |:)?(?<h>\d{1,2})(?<c>:?)(?<mi>\d{2})(?:\k<c>(?<se>\d{2})(?:\.(?<f>\d{1,9}))?)?(?<ap> ?[AP]M)?(?<z> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$/i;

interface Parts {
  /** The index of the date's form. */
  readonly form: number;
  readonly date: Readonly<Record<string, string | undefined>>;
  /** Undefined where the text has no time of day. */
  readonly time: Readonly<Record<string, string | undefined>> | undefined;
}

function partsOf(text: string): Parts | undefined {
  for (const [form, pattern] of FORMS.entries()) {
    const match = pattern.exec(text);
    if (!match) continue;
    const rest = text.slice(match[0].length);
    const time = rest === '' ? undefined : TIME.exec(rest)?.groups;
    if (rest === '' || time) return { form, date: match.groups ?? {}, time };
  }
  return undefined;
}

/** Texts of one signature can have one pattern. */
const signatureOf = ({ form, date, time }: Parts) =>
  JSON.stringify([form, date['s'], date['y']?.length, time && [time['j'], time['c'], !time['ap']]]);

function patternOf(texts: readonly string[], fits: (count: number) => boolean): TimeNotation | undefined {
  const groups = new Map<string, Parts[]>();
  for (const text of texts) {
    const parts = partsOf(text);
    if (!parts) continue;
    const signature = signatureOf(parts);
    const group = groups.get(signature) ?? [];
    groups.set(signature, group);
    group.push(parts);
  }
  const [largest] = [...groups.values()].sort((one, other) => other.length - one.length);
  if (!largest?.[0]) return undefined;
  const kind = largest[0].time ? 'timestamp' : 'date';
  const time = timePattern(largest);
  const candidates = datePatterns(largest).flatMap((date) => {
    const pattern = readable(`${date}${time}`, kind);
    if (!pattern) return [];
    const times = texts.flatMap((text) => readTime(pattern, text) ?? []);
    return fits(times.length) ? [{ format: `${date}${time}`, times }] : [];
  });
  const [best, second] = candidates.sort(
    (one, other) => other.times.length - one.times.length || spanOf(one.times) - spanOf(other.times),
  );
  if (!best) return undefined;
  const zone = kind === 'date' || /[XxZ]/.test(best.format.replace(/'[^']*'/g, '')) ? [] : [NO_OFFSET];
  if (second === undefined) {
    const proven = largest[0].form === 1 ? ['The order of day and month is proven by a day above 12'] : [];
    return { kind, format: best.format, why: [`Written as ${best.format}`, ...proven, ...zone] };
  }
  const reason =
    spanOf(best.times) === spanOf(second.times)
      ? 'no value proves the order of day and month'
      : 'no value proves it, but with it the times lie closer together';
  return {
    kind,
    format: best.format,
    why: [`Guessed: written as ${best.format} and not ${second.format}; ${reason}`, ...zone],
  };
}

function readable(format: string, kind: 'date' | 'timestamp'): JdkPattern | undefined {
  try {
    return readPattern(format, kind);
  } catch (error) {
    if (error instanceof TextError) return undefined;
    throw error;
  }
}

function spanOf(times: readonly bigint[]): number {
  let [low, high] = [times[0] ?? 0n, times[0] ?? 0n];
  for (const time of times) {
    if (time < low) low = time;
    if (time > high) high = time;
  }
  return Number(high - low);
}

/** The letter for a number of one or two digits, or of always two. */
const letters = (letter: string, texts: readonly (string | undefined)[]) =>
  texts.every((text) => text?.length === 2) ? letter.repeat(2) : letter;

/** The patterns that a date can have. Where day and month can be either, the likelier one is first. */
function datePatterns(all: readonly Parts[]): string[] {
  const [first] = all;
  if (!first) return [];
  const { s = '' } = first.date;
  const part = (name: string) => all.map(({ date }) => date[name]);
  const year = first.date['y']?.length === 2 ? 'yy' : 'yyyy';
  const day = letters('d', part('d'));
  const month =
    (first.date['n']?.length ?? 3) === 3 && part('n').every((name) => name?.length === 3) ? 'MMM' : 'MMMM';
  switch (first.form) {
    case 0:
      return [`yyyy${s}${letters('M', part('m'))}${s}${day}`];
    case 1: {
      const dayFirst = `${letters('d', part('a'))}${s}${letters('M', part('b'))}${s}${year}`;
      const monthFirst = `${letters('M', part('a'))}${s}${letters('d', part('b'))}${s}${year}`;
      return s === '/' ? [monthFirst, dayFirst] : [dayFirst, monthFirst];
    }
    case 2:
      return [`${day}${s}${month}${s}${year}`];
    case 3:
      return [`${month} ${day}, yyyy`];
    default:
      return ['yyyyMMdd'];
  }
}

function timePattern(all: readonly Parts[]): string {
  const times = all.flatMap(({ time }) => (time ? [time] : []));
  const [first] = times;
  if (!first) return '';
  const part = (name: string) => times.map((time) => time[name]);
  const joiner = first['j'] === 'T' ? "'T'" : (first['j'] ?? '');
  const hour = letters(first['ap'] ? 'h' : 'H', part('h'));
  const fractions = [...new Set(part('f').flatMap((digits) => (digits ? [digits.length] : [])))];
  const fraction = fractions.length === 0 ? '' : `.${'S'.repeat(Math.max(...fractions))}`;
  const optionally = (text: string, name: string) =>
    text === '' || part(name).every((value) => value !== undefined) ? text : `[${text}]`;
  const seconds = part('se').some((value) => value !== undefined)
    ? optionally(`${first['c']}ss${optionally(fraction, 'f')}`, 'se')
    : '';
  const amPm = first['ap'] ? `${first['ap'].startsWith(' ') ? ' ' : ''}a` : '';
  return `${joiner}${hour}${first['c']}mm${seconds}${amPm}${zonePattern(part('z'))}`;
}

function zonePattern(zones: readonly (string | undefined)[]): string {
  const [first] = zones;
  if (first === undefined) return '';
  const blank = first.startsWith(' ') ? ' ' : '';
  const name = first.trim();
  if (/^(UTC|GMT)$/i.test(name)) return `${blank}'${name}'`;
  const longest = zones.reduce((most, zone) => Math.max(most, zone?.trim().length ?? 0), 0);
  return `${blank}${longest === 6 ? 'XXX' : longest === 5 ? 'XX' : 'X'}`;
}

const YEAR_S = 31_556_952;
/** Seconds since 1970 of a time from 1990 to 2100. The ranges of the units do not overlap. */
const [FROM_S, TO_S] = [20 * YEAR_S, 130 * YEAR_S];
const UNITS: readonly (readonly [EpochUnit | 'nanoseconds', number])[] = [
  ['seconds', 1],
  ['milliseconds', 1e3],
  ['microseconds', 1e6],
  ['nanoseconds', 1e9],
];

/**
 * The unit of numbers that are times from 1990 to 2100.
 * @returns undefined when they are not, or are of several units
 */
export function epochUnitOf(
  numbers: readonly string[],
  fits: (count: number) => boolean,
): EpochUnit | 'nanoseconds' | undefined {
  const values = numbers.filter((text) => /^\d+(\.\d+)?$/.test(text)).map(Number);
  return UNITS.find(([, size]) =>
    fits(values.filter((value) => value >= FROM_S * size && value < TO_S * size).length),
  )?.[0];
}
