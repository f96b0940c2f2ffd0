const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?$/;
/** The largest offset from UTC that java.time knows, in minutes. */
const LARGEST_OFFSET_MINUTES = 18 * 60;

function daysOf(month: number, year: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeapYear ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days from 1970-01-01 to a day of the (proleptic) Gregorian calendar: Howard Hinnant's days_from_civil. `Date.UTC` takes years below 100 for 19xx. */
function daysSince1970(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOf(month, year)) return undefined;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Days since 1970 of a date as ISO 8601 has it (2026-01-31), when it is in the calendar. */
export function isoDays(text: string): number | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0] = parts.slice(1).map(Number);
  return daysSince1970(year, month, day);
}

/**
 * The instant of an ISO 8601 date-time, Unix microseconds (further digits are cut), when it is one that the output contract takes: `T` or a blank,
 * seconds optional, up to nine digits of fraction, and `Z`, `+hh`, `+hhmm`, `+hh:mm` or no offset; a day of the calendar, no hour 24, no
 * leap second, an offset within 18:00.
 * @param timezone `UTC` or `±hh:mm`, of a text without an offset
 */
export function isoTimeUs(text: string, timezone = 'UTC'): bigint | undefined {
  const parts = TIME.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1, 6).map(Number);
  const second = Number(parts[6] ?? 0);
  const offset = parts[8] ? 0 : offsetMinutes(parts[9] ?? timezone, parts[10]);
  const days = daysSince1970(year, month, day);
  if (days === undefined || offset === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const micros = Number((parts[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return BigInt((days * 1440 + hour * 60 + minute - offset) * 60 + second) * 1_000_000n + BigInt(micros);
}

/** @param hours `+hh`, or a whole zone: `UTC`, `+hh:mm` */
function offsetMinutes(hours: string, minutes = hours.slice(4)): number | undefined {
  if (hours === 'UTC') return 0;
  if (Number(minutes) > 59) return undefined;
  const offset = Number(hours.slice(1, 3)) * 60 + Number(minutes);
  if (offset > LARGEST_OFFSET_MINUTES) return undefined;
  return hours.startsWith('-') ? -offset : offset;
}
