import type { Place } from './places.ts';

/** How active cards are in each hour of the local day, relative to the busiest. */
const ACTIVITY_BY_HOUR: readonly number[] = [
  ...[0.1, 0.06, 0.04, 0.03, 0.04, 0.08, 0.2, 0.4, 0.6, 0.7, 0.75, 0.85],
  ...[1, 0.95, 0.8, 0.75, 0.8, 0.95, 1, 0.95, 0.8, 0.6, 0.4, 0.2],
];
const HOUR_MS = 3_600_000;
const DEGREES_OF_AN_HOUR = 15;

/**
 * How active people are at a place at an instant, above 0 and at most 1. Local time is that of the sun (15° of
 * longitude an hour), which needs no tables of time zones and is the same in every version of Node.
 */
export function activityAt(place: Place, timeMs: number): number {
  const hours = Math.floor(timeMs / HOUR_MS + place.lon / DEGREES_OF_AN_HOUR);
  return ACTIVITY_BY_HOUR[((hours % 24) + 24) % 24] as number;
}
