import { TextError } from '../text-error.ts';

/**
 * The supported part of the JDK's DateTimeFormatter patterns. Spark's `to_timestamp` and
 * `readPattern` accept the same texts because both check the pattern's shape first. What differs
 * between Java's versions, its locales or Spark's own changes to patterns is refused.
 */

/** A part of a date or time that a pattern names. */
export type PatternPart =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'amPm'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset';

export interface JdkPattern {
  /**
   * The pattern in Spark's notation. In Spark `u` is the day of a week, and `y` is the year, which
   * is `u` in the JDK.
   */
  readonly format: string;
  /** Regular expression of the whole text; its capture groups are the parts, in their order. */
  readonly shape: string;
  readonly parts: readonly PatternPart[];
}

const ALLOWED_LETTERS =
  "yyyy uuuu yy · M MM MMM MMMM · d dd · H HH · h hh with a · m mm · s ss · S to SSSSSSSSS · X XX XXX x xx xxx Z · 'quoted text' · [optional]";

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

const anyCase = (text: string) =>
  text.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
const oneOf = (texts: readonly string[]) => texts.map(anyCase).join('|');

const HOURS = '(?:0[0-9]|1[0-8])';
const MINUTES = '[0-5][0-9]';
const offset = (positive: string) => `[+-]${positive}`;

/** Runs of a letter: which part they are, and how the part is written. */
const RUNS: Readonly<Record<string, readonly [PatternPart, string]>> = {
  yyyy: ['year', '[0-9]{4}'],
  uuuu: ['year', '[0-9]{4}'],
  yy: ['shortYear', '[0-9]{2}'],
  M: ['month', '[0-9]{1,2}'],
  MM: ['month', '[0-9]{2}'],
  MMM: ['monthName', oneOf(MONTHS.map((name) => name.slice(0, 3)))],
  MMMM: ['monthName', oneOf(MONTHS)],
  d: ['day', '[0-9]{1,2}'],
  dd: ['day', '[0-9]{2}'],
  H: ['hour', '[0-9]{1,2}'],
  HH: ['hour', '[0-9]{2}'],
  h: ['hour12', '[0-9]{1,2}'],
  hh: ['hour12', '[0-9]{2}'],
  a: ['amPm', '[AaPp][Mm]'],
  m: ['minute', '[0-9]{1,2}'],
  mm: ['minute', '[0-9]{2}'],
  s: ['second', '[0-9]{1,2}'],
  ss: ['second', '[0-9]{2}'],
  X: ['offset', `Z|${offset(`${HOURS}(?:${MINUTES})?`)}`],
  XX: ['offset', `Z|${offset(`${HOURS}${MINUTES}`)}`],
  XXX: ['offset', `Z|${offset(`${HOURS}:${MINUTES}`)}`],
  x: ['offset', offset(`${HOURS}(?:${MINUTES})?`)],
  xx: ['offset', offset(`${HOURS}${MINUTES}`)],
  xxx: ['offset', offset(`${HOURS}:${MINUTES}`)],
  Z: ['offset', offset(`${HOURS}${MINUTES}`)],
};

const NUMBERS: ReadonlySet<PatternPart> = new Set([
  'year',
  'shortYear',
  'month',
  'day',
  'hour',
  'hour12',
  'minute',
  'second',
  'fraction',
]);
const DATE_PARTS: readonly (readonly PatternPart[])[] = [
  ['year', 'shortYear'],
  ['month', 'monthName'],
  ['day'],
];

/**
 * Reads a pattern. A timestamp's pattern has at least year, month and day, and no smaller unit of
 * time without the larger ones. A date's pattern has no time.
 * @throws TextError
 */
export function readPattern(pattern: string, kind: 'date' | 'timestamp'): JdkPattern {
  let shape = '';
  let format = '';
  const parts: PatternPart[] = [];
  const optionalFrom: number[] = [];
  const optional = new Set<PatternPart>();
  /** Whether digits precede directly, and whether their count is open. */
  let before: 'none' | 'fixed' | 'open' = 'none';
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    const start = at;
    if (/[A-Za-z]/.test(character)) {
      while (pattern[at] === character) at += 1;
      const run = pattern.slice(start, at);
      const [part, text] = readRun(run, start);
      if (parts.includes(part)) throw new TextError(start, `${run} is a second ${part}`, 'each part once');
      const open = run.length === 1 || part === 'fraction';
      if (NUMBERS.has(part)) {
        if (before === 'open' || (before === 'fixed' && open)) {
          throw new TextError(
            start,
            `${run} follows another number directly`,
            'a character between them, or as many digits as letters in both (such as yyyyMMdd)',
          );
        }
        before = open ? 'open' : 'fixed';
      } else {
        before = 'none';
      }
      if (optionalFrom.length > 0) optional.add(part);
      parts.push(part);
      shape += `(${text})`;
      format += run.replaceAll('u', 'y');
      continue;
    }
    if (character === "'") {
      const [text, end] = readQuoted(pattern, start);
      shape += literal(text);
      format += pattern.slice(start, end);
      at = end;
      before = /[0-9]$/.test(text) ? 'open' : 'none';
      continue;
    }
    at += 1;
    format += character;
    if (character === '[') {
      optionalFrom.push(start);
      shape += '(?:';
    } else if (character === ']') {
      if (optionalFrom.pop() === undefined) throw new TextError(start, '] without [', ALLOWED_LETTERS);
      shape += ')?';
      // An optional part may be missing: the digits before it can then be next to those after it.
      before = before === 'none' ? 'none' : 'open';
    } else if (/[#{}]/.test(character)) {
      throw new TextError(start, `${character} is reserved`, ALLOWED_LETTERS);
    } else {
      shape += literal(character);
      before = /[0-9]/.test(character) ? 'open' : 'none';
    }
  }
  const [unclosed] = optionalFrom;
  if (unclosed !== undefined) throw new TextError(unclosed, '[ without ]', ALLOWED_LETTERS);
  checkParts(parts, optional, kind);
  return { format, shape: `^${shape}(?![\\s\\S])`, parts };
}

function readRun(run: string, at: number): readonly [PatternPart, string] {
  if (/^S{1,9}$/.test(run)) return ['fraction', `[0-9]{${run.length}}`];
  const found = Object.hasOwn(RUNS, run) ? RUNS[run] : undefined;
  if (!found) throw new TextError(at, `${run} is not supported in a pattern`, ALLOWED_LETTERS);
  return found;
}

/** Text in quotes, in which two quotes stand for one. Two quotes alone stand for one as well. */
function readQuoted(pattern: string, start: number): [text: string, end: number] {
  if (pattern[start + 1] === "'") return ["'", start + 2];
  const quoted = /^'((?:[^']|'')+)'/.exec(pattern.slice(start));
  if (!quoted) throw new TextError(start, "' without a second one", ALLOWED_LETTERS);
  return [(quoted[1] ?? '').replaceAll("''", "'"), start + quoted[0].length];
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function checkParts(
  parts: readonly PatternPart[],
  optional: ReadonlySet<PatternPart>,
  kind: 'date' | 'timestamp',
): void {
  const has = (part: PatternPart) => parts.includes(part);
  const date = 'year, month and day, outside [ ]';
  for (const alternatives of DATE_PARTS) {
    const found = alternatives.filter(has);
    if (found.length !== 1 || found.some((part) => optional.has(part))) {
      throw new TextError(0, `the pattern does not name one ${alternatives[0]}`, date);
    }
  }
  const time = parts.filter((part) => !DATE_PARTS.flat().includes(part));
  if (kind === 'date' && time.length > 0) {
    throw new TextError(0, `the pattern of a date names ${time.join(', ')}`, 'year, month and day alone');
  }
  const needs: readonly (readonly [PatternPart, readonly PatternPart[]])[] = [
    ['minute', ['hour', 'hour12']],
    ['second', ['minute']],
    ['fraction', ['second']],
    ['hour12', ['amPm']],
    ['amPm', ['hour12']],
  ];
  for (const [part, larger] of needs) {
    if (has(part) && !larger.some(has)) {
      throw new TextError(
        0,
        `the pattern names ${part} without ${larger[0]}`,
        `${larger.join(' or ')} as well`,
      );
    }
  }
  if (has('hour') && has('hour12')) {
    throw new TextError(0, 'the pattern names the hour twice', 'H, or h with a');
  }
}
