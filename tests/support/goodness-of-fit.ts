/** Pearson's statistic: the distance of counts from the expected ones, by class. */
export function chiSquareOf(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, index) => {
    const mean = expected[index] ?? Number.NaN;
    return sum + (count - mean) ** 2 / mean;
  }, 0);
}

/**
 * The value that Pearson's statistic exceeds once in a million draws of the expected distribution,
 * by the approximation of Wilson and Hilferty (1931).
 */
export function chiSquareLimit(degreesOfFreedom: number): number {
  const Z_OF_ONE_IN_A_MILLION = 4.753;
  const part = 2 / (9 * degreesOfFreedom);
  return degreesOfFreedom * (1 - part + Z_OF_ONE_IN_A_MILLION * Math.sqrt(part)) ** 3;
}

/** Kolmogorov's distance between draws and a cumulative distribution. */
export function ksDistance(draws: readonly number[], shareBelow: (value: number) => number): number {
  const sorted = draws.toSorted((one, two) => one - two);
  return sorted.reduce((most, value, index) => {
    const share = shareBelow(value);
    return Math.max(most, share - index / sorted.length, (index + 1) / sorted.length - share);
  }, 0);
}

/** The cumulative standard normal distribution, to 1e-7 (Abramowitz and Stegun, 26.2.17). */
export function normalShare(value: number): number {
  const step = 1 / (1 + 0.2316419 * Math.abs(value));
  const density = Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI);
  const factors = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const tail = density * factors.reduceRight((sum, factor) => (sum + factor) * step, 0);
  return value > 0 ? 1 - tail : tail;
}
