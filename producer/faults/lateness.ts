import { drawNormal } from '../draw.ts';
import type { Random } from '../random.ts';

/** Half of the late events are less late than this. */
export const MEDIAN_LATENESS_MS = 90_000;
/** Standard deviation of the logarithm of the lateness. */
export const LATENESS_SPREAD = 1.2;
const LEAST_MS = 1_000;
const MOST_MS = 3_600_000;

/**
 * How long before its sending a late event happened: log-normal with a median of 90 s, from a second to an hour. One in six
 * is later than the five minutes of gold's watermark.
 */
export function drawLatenessMs(random: Random): number {
  const drawn = MEDIAN_LATENESS_MS * Math.exp(LATENESS_SPREAD * drawNormal(random));
  return Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, drawn)));
}
