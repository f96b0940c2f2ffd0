const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/**
 * Writes times, whole milliseconds since the epoch, as ISO-8601 in UTC with milliseconds, as in
 * `2026-01-01T12:00:00.123+00:00`. Consecutive times share their seconds, so the part down to the
 * second is cached.
 *
 * @param zone how UTC is written
 */
export function isoWriter(zone: 'Z' | '+00:00'): (timeMs: number) => string {
  let keptSecond = Number.NaN;
  let keptText = '';
  return (timeMs) => {
    const second = Math.floor(timeMs / 1000);
    if (second !== keptSecond) {
      keptSecond = second;
      keptText = new Date(second * 1000).toISOString().slice(0, -4);
    }
    return `${keptText}${THREE_DIGITS[timeMs - second * 1000]}${zone}`;
  };
}
