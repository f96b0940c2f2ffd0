import { MONTHS } from '../../../orchestrator/pipeline/contract/jdk-pattern.ts';
import type { DateType, TimestampType } from '../../../orchestrator/pipeline/model.ts';
import { isoWriter } from '../../generate/iso-time.ts';

/** Writes a time, whole milliseconds since the epoch, as the JSON of a contract's type. */
export type WriteTime = (timeMs: number) => string;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Writes times as the contract has them. Smaller units than a text has are cut off. */
export function timeWriter(type: TimestampType): WriteTime {
  if ('epoch' in type) {
    switch (type.epoch) {
      case 'seconds':
        return (timeMs) => String(Math.floor(timeMs / 1000));
      case 'milliseconds':
        return (timeMs) => String(timeMs);
      case 'microseconds':
        return (timeMs) => String(timeMs * 1000);
    }
  }
  if (type.shape === undefined) {
    const iso = isoWriter('Z');
    return (timeMs) => `"${iso(timeMs)}"`;
  }
  return patternWriter(type.format, offsetMinutesOf(type.timezone));
}

/** Writes days since the epoch as the contract has them. */
export function dateWriter({ format, shape }: DateType): (day: number) => string {
  if (shape === undefined) return (day) => `"${new Date(day * DAY_MS).toISOString().slice(0, 10)}"`;
  const write = patternWriter(format, 0);
  return (day) => write(day * DAY_MS);
}

const padded = (number: number, digits: number): string => String(number).padStart(digits, '0');

/** The offset of a zone in minutes: `UTC` and `±hh:mm` of pipeline.json, `Z`, `±hh` and `±hhmm` of texts. */
export function offsetMinutesOf(zone: string): number {
  if (/^(UTC|[Zz])$/.test(zone)) return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** A run of a letter, quoted text, a quote, or one other character. */
const TOKEN = /([A-Za-z])\1*|'((?:[^']|'')+)'|''|[\s\S]/g;

/** Writes times by a pattern of the JDK that the contract's reader has accepted. */
function patternWriter(pattern: string, offsetMinutes: number): WriteTime {
  const parts = [...pattern.matchAll(TOKEN)].map(([token, letter, quoted]): ((local: Date) => string) => {
    if (letter !== undefined) return partWriter(token, offsetMinutes);
    const text = token === "''" ? "'" : (quoted?.replaceAll("''", "'") ?? token.replace(/[[\]]/, ''));
    return () => text;
  });
  return (timeMs) => {
    const local = new Date(timeMs + offsetMinutes * MINUTE_MS);
    let text = '';
    for (const part of parts) text += part(local);
    return JSON.stringify(text);
  };
}

/** @param run the letters, which stand for the parts that docs/pipelines.md lists */
function partWriter(run: string, offsetMinutes: number): (local: Date) => string {
  const digits = run.length;
  switch (run[0]) {
    case 'y':
    case 'u':
      return digits === 2
        ? (local) => padded(local.getUTCFullYear() % 100, 2)
        : (local) => padded(local.getUTCFullYear(), 4);
    case 'M':
      return digits > 2
        ? (local) => (MONTHS[local.getUTCMonth()] ?? '').slice(0, digits === 3 ? 3 : undefined)
        : (local) => padded(local.getUTCMonth() + 1, digits);
    case 'd':
      return (local) => padded(local.getUTCDate(), digits);
    case 'H':
      return (local) => padded(local.getUTCHours(), digits);
    case 'h':
      return (local) => padded(local.getUTCHours() % 12 || 12, digits);
    case 'a':
      return (local) => (local.getUTCHours() < 12 ? 'AM' : 'PM');
    case 'm':
      return (local) => padded(local.getUTCMinutes(), digits);
    case 's':
      return (local) => padded(local.getUTCSeconds(), digits);
    case 'S':
      return (local) => padded(local.getUTCMilliseconds(), 3).padEnd(9, '0').slice(0, digits);
    default: {
      const text = offsetText(run, offsetMinutes);
      return () => text;
    }
  }
}

/** `X XX XXX` with Z for UTC, `x xx xxx Z` without. */
function offsetText(run: string, offsetMinutes: number): string {
  if (offsetMinutes === 0 && run.startsWith('X')) return 'Z';
  const sign = offsetMinutes < 0 ? '-' : '+';
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const short = /^[Xx]$/.test(run) && minutes === 0;
  const separator = run.length === 3 ? ':' : '';
  return `${sign}${padded(hours, 2)}${short ? '' : `${separator}${padded(minutes, 2)}`}`;
}
