const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/**
 * Writes times as ISO-8601 in UTC with milliseconds and a numeric offset, as in `2026-01-01T12:00:00.123+00:00`. Times
 * come one second after another, so the part down to the second is kept.
 */
export function isoWriter(): (timeMs: number) => string {
  let keptSecond = Number.NaN;
  let keptText = '';
  return (timeMs) => {
    const second = Math.floor(timeMs / 1000);
    if (second !== keptSecond) {
      keptSecond = second;
      keptText = new Date(second * 1000).toISOString().slice(0, -4);
    }
    return `${keptText}${THREE_DIGITS[timeMs - second * 1000]}+00:00`;
  };
}

/** A decimal number from its count of minor units, as JSON.stringify would write it: without zeros at the end. */
export function amountText(minorUnits: number, decimals: 0 | 2): string {
  if (decimals === 0) return String(minorUnits);
  const units = Math.floor(minorUnits / 100);
  const cents = minorUnits - units * 100;
  if (cents === 0) return String(units);
  return cents % 10 === 0
    ? `${units}.${cents / 10}`
    : cents < 10
      ? `${units}.0${cents}`
      : `${units}.${cents}`;
}
