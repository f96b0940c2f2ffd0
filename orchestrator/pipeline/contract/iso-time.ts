/** ISO 8601 texts in the two files: limits, valid values and literals. What events hold is read elsewhere. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:([Zz])|([+-]\d{2}):?(\d{2})?)?$/;

/** What a date and an instant look like, for refusals. */
export const DATE_FORM = 'a date such as 2026-01-31';
export const INSTANT_FORM = 'a time such as 2026-01-31T10:00:00Z';

/** The date as it is, when it is in the calendar. */
export function isoDate(text: string): string | undefined {
  return DATE.test(text) && isDay(text) ? text : undefined;
}

/** The instant as `2026-01-31T10:00:00.000000Z`; a text without an offset is in UTC. */
export function isoInstant(text: string): string | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, date = '', hour = '', minute = '', second = '00', fraction = '', , sign, offsetMinutes = '00'] =
    match;
  if (!isDay(date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = sign === undefined ? 0 : offsetMs(sign, offsetMinutes);
  if (offset === undefined) return undefined;
  const utc = new Date(Date.parse(`${date}T${hour}:${minute}:${second}Z`) - offset).toISOString();
  // A year outside 0 to 9999 has another notation.
  return utc.length === 24 ? `${utc.slice(0, 19)}.${fraction.padEnd(6, '0')}Z` : undefined;
}

/** A zone as `UTC` or `±hh:mm`; undefined for a zone whose offset is not fixed. */
export function fixedZone(text: string): string | undefined {
  if (/^(Etc\/)?UTC$|^Z$/.test(text)) return 'UTC';
  const match = /^([+-]\d{2}):(\d{2})$/.exec(text);
  const offset = match && offsetMs(match[1] ?? '', match[2] ?? '');
  if (offset === undefined || offset === null) return undefined;
  return offset === 0 ? 'UTC' : text;
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

function offsetMs(hours: string, minutes: string): number | undefined {
  const total = (Number(hours.slice(1)) * 60 + Number(minutes)) * (hours.startsWith('-') ? -60_000 : 60_000);
  return Number(minutes) < 60 && Math.abs(total) <= 18 * 3_600_000 ? total : undefined;
}
