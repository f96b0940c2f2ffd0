/** The summary of several rounds of one measurement. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/**
 * The value below which a share of the values lies, interpolated between neighbours (the common
 * definition, type 7 of Hyndman and Fan).
 * @throws RangeError for no values
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('a quantile of no values');
  return below + (above - below) * (at - Math.floor(at));
}

export function summarise(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
  };
}

/**
 * The order of the sides in a round. Every second round runs backwards, and every pair of rounds
 * begins with the next side.
 */
export function orderOf<T>(sides: readonly T[], round: number): readonly T[] {
  const first = Math.floor(round / 2) % sides.length;
  const turned = [...sides.slice(first), ...sides.slice(0, first)];
  return round % 2 === 0 ? turned : turned.reverse();
}
