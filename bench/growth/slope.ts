/** A value at a micro-batch. */
export interface Point {
  readonly batch: number;
  readonly value: number;
}

/** How a quantity changes over a run. */
export interface Slope {
  /**
   * Change per 1,000 micro-batches: the Theil-Sen estimator, the median of the slopes of all pairs,
   * which outliers do not move.
   */
  readonly per1000: number;
  /** Median of the first and of the last fifth of the points. */
  readonly first: number;
  readonly last: number;
}

/** @param points at least two, ascending by batch */
export function slopeOf(points: readonly Point[]): Slope {
  const slopes = points.flatMap((from, index) =>
    points.slice(index + 1).map((to) => ((to.value - from.value) / (to.batch - from.batch)) * 1000),
  );
  const values = points.map(({ value }) => value);
  const fifth = Math.max(1, Math.floor(points.length / 5));
  return {
    per1000: median(slopes),
    first: median(values.slice(0, fifth)),
    last: median(values.slice(-fifth)),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 1 ? [sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}
