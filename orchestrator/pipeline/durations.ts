import { durationMs, KIND_LIMITS } from '../settings/setting-kinds.ts';
import type { YamlValue } from './yaml-source.ts';

const UNITS = KIND_LIMITS.unitsMs;
const ALLOWED = 'a count and a unit, such as "30 seconds", "5 minutes", "1 hour" or "1 day"';
/** Far from where milliseconds in a double, or microseconds in 64 bits, stop being exact. */
const MAX_MS = 36_500 * UNITS.day;

/** Reads a duration in milliseconds. Units whose length differs, such as months, are refused. @throws Refusal */
export function readDuration(value: YamlValue, { min }: { readonly min: number }): number {
  const ms = durationMs(value.text(ALLOWED).trim());
  if (ms === undefined) return value.refuse(`${value.shown} is no duration`, ALLOWED);
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
