import { type JdkPattern, MONTHS, type PatternPart } from './jdk-pattern.ts';

/**
 * Reads a date or time that is written by a pattern.
 * @param timezone `UTC` or `±hh:mm`, for a text that has no offset of its own
 * @returns microseconds since 1970, with smaller units cut off; undefined for a text of another
 * shape, or a day that is not in the calendar
 */
export function readTime({ shape, parts }: JdkPattern, text: string, timezone = 'UTC'): bigint | undefined {
  const match = new RegExp(shape, 'u').exec(text);
  if (!match) return undefined;
  const part = (name: PatternPart) => (parts.includes(name) ? match[parts.indexOf(name) + 1] : undefined);
  const number = (name: PatternPart) => Number(part(name) ?? 0);
  const year = part('shortYear') === undefined ? number('year') : 2000 + number('shortYear');
  const month = monthOf(part('month'), part('monthName'));
  const hour =
    part('hour12') === undefined ? number('hour') : hourOfDay(number('hour12'), part('amPm') ?? '');
  const offset = offsetMinutes(part('offset') ?? timezone);
  if (hour === undefined || hour > 23 || number('minute') > 59 || number('second') > 59) return undefined;
  if (offset === undefined || !isDayText(year, month, number('day'))) return undefined;
  const fraction = (part('fraction') ?? '').slice(0, 6).padEnd(6, '0');
  const minutes = dayNumber(year, month, number('day')) * 1440 + hour * 60 + number('minute') - offset;
  return BigInt(minutes * 60 + number('second')) * 1_000_000n + BigInt(fraction);
}

function monthOf(digits: string | undefined, name: string | undefined): number {
  if (name === undefined) return Number(digits);
  return 1 + MONTHS.findIndex((month) => month.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase());
}

/** Twelve comes first: 12 AM is midnight. */
function hourOfDay(hour: number, amPm: string): number | undefined {
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (amPm.toLowerCase() === 'pm' ? 12 : 0);
}

function offsetMinutes(text: string): number | undefined {
  if (text === 'Z' || text === 'UTC') return 0;
  const digits = text.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  if (minutes > 18 * 60) return undefined;
  return text.startsWith('-') ? -minutes : minutes;
}

function isDayText(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const date = new Date(dayNumber(year, month, day) * 86_400_000);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Days since 1970 in the proleptic Gregorian calendar. */
function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 86_400_000;
}
