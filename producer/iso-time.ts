const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):?(\d\d))?$/;
/** The largest offset from UTC that java.time knows, in minutes. */
const LARGEST_OFFSET_MINUTES = 18 * 60;

function daysOf(month: number, year: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeapYear ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * Whether the text is an ISO-8601 date-time that the job reads: with seconds, up to nine digits of fraction, and
 * `Z`, `+hh:mm`, `+hhmm` or no offset; a day of the calendar, no hour 24, no leap second, offset within 18:00.
 */
export function isIsoTime(text: string): boolean {
  const [, ...parts] = ISO.exec(text) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] =
    parts.map((part) => Number(part ?? 0));
  return (
    parts.length > 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(month, year) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    offsetMinute <= 59 &&
    offsetHour * 60 + offsetMinute <= LARGEST_OFFSET_MINUTES
  );
}
