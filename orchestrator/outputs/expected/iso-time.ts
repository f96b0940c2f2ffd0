const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;
/** The largest offset from UTC that java.time knows, in minutes. */
const LARGEST_OFFSET_MINUTES = 18 * 60;

function daysOf(month: number, year: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeapYear ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days from 1970-01-01 to a day of the (proleptic) Gregorian calendar: Howard Hinnant's days_from_civil. `Date.UTC` takes years below 100 for 19xx. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/**
 * The instant of an ISO-8601 date-time, Unix microseconds (further digits are cut), when it is one that the output contract takes:
 * with seconds, up to nine digits of fraction, and `Z`, `+hh:mm`, `+hhmm` or no offset (UTC); a day of the calendar, no hour 24,
 * no leap second, an offset within 18:00.
 */
export function isoTimeUs(text: string): bigint | undefined {
  const parts = ISO.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const fraction = parts[7] ?? '';
  const [offsetHour, offsetMinute] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  const offset = offsetHour * 60 + offsetMinute;
  const exists =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(month, year) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    offsetMinute <= 59 &&
    offset <= LARGEST_OFFSET_MINUTES;
  if (!exists) return undefined;
  const minutes = daysSince1970(year, month, day) * 1440 + hour * 60 + minute;
  const utcMinutes = parts[8] === '-' ? minutes + offset : minutes - offset;
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  return BigInt(utcMinutes * 60 + second) * 1_000_000n + BigInt(micros);
}
