import { shownValue } from '../../producer/shown-value.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** As the settings have it: `10 minutes`. */
const DURATION = /^\s*(\d{1,9})\s*(millisecond|second|minute|hour|day)s?\s*$/i;
/** As `docker logs --since` has it: `30s`, `10m`, `1h30m`. */
const SHORT = /^(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2}(?:\.\d{1,9})?))?([Zz]|[+-]\d{2}:\d{2})?)?$/;
/** No calendar day and no zone needs more. */
const LONGEST_MS = 36_500 * 86_400_000;

/**
 * Reads `--since`: how long ago, or a time. A time without a zone is one of this machine's, as in `docker logs`.
 * @returns milliseconds of the epoch
 * @throws Error for the command line's parser, with the value and what is allowed
 */
export function sinceTime(text: string, nowMs: number): number {
  const agoMs = durationMs(text);
  const timeMs = agoMs === undefined ? isoTimeMs(text) : nowMs - agoMs;
  if (timeMs !== undefined && timeMs <= nowMs && timeMs >= nowMs - LONGEST_MS) return timeMs;
  throw new Error(
    `--since ${shownValue(text)} is not allowed: it must be how long ago, such as 30s, 10m, 1h30m or "10 minutes", or a time that has been, such as 2026-01-31T10:00:00Z`,
  );
}

function durationMs(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNIT_MS[unit.toLowerCase()] ?? Number.NaN);
  const short = SHORT.exec(text);
  if (!short) return undefined;
  const [hours, minutes, seconds] = short.slice(1).map((part) => Number(part ?? 0));
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1000;
}

function isoTimeMs(text: string): number | undefined {
  const [, date, clock = '00:00', second = '00', zone = ''] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  // A day that is not in the calendar would be read as one of the next month.
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(date)) return undefined;
  const timeMs = Date.parse(`${date}T${clock}:${second}${zone.toUpperCase()}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
