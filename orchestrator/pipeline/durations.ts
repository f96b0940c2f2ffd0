import type { YamlValue } from './yaml-source.ts';

const UNITS = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const ALLOWED = 'a count and a unit, such as "30 seconds", "5 minutes", "1 hour" or "1 day"';
/** Far from where milliseconds in a double, or microseconds in 64 bits, stop being exact. */
const MAX_MS = 36_500 * UNITS.day;

/** Reads a duration in milliseconds. Units whose length differs, such as months, are refused. @throws Refusal */
export function readDuration(value: YamlValue, { min }: { readonly min: number }): number {
  const match = /^(\d{1,12}) +(millisecond|second|minute|hour|day)s?$/i.exec(value.text(ALLOWED).trim());
  if (!match) return value.refuse(`${value.shown} is no duration`, ALLOWED);
  const ms = Number(match[1]) * UNITS[(match[2] ?? '').toLowerCase() as keyof typeof UNITS];
  if (ms < min || ms > MAX_MS) {
    value.refuse(`${value.shown} is out of range`, `from ${durationText(min)} to ${durationText(MAX_MS)}`);
  }
  return ms;
}

/** A duration in its largest whole unit: `90 seconds`, `1 minute`. */
export function durationText(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, size]) => ms !== 0 && ms % size === 0) ?? ['second', 1000];
  const count = ms / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
