import type { Random } from './random.ts';

/** Draws one of some entries, each with its weight. */
export type WeightedDraw<T> = (random: Random) => T;

/**
 * Walker's alias method in Vose's form (M. Vose, "A Linear Algorithm for Generating Random Numbers with a Given
 * Distribution", 1991): a draw costs one fraction and one comparison, however many entries there are.
 *
 * @param weights positive and finite, one for each entry; only their ratios matter
 */
export function weightedDraw<T>(entries: readonly T[], weights: readonly number[]): WeightedDraw<T> {
  const count = entries.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const areRight = weights.length === count && weights.every((weight) => weight > 0) && Number.isFinite(sum);
  if (count === 0 || !areRight)
    throw new RangeError('a weighted draw needs entries, each with a positive weight');
  const scaled = weights.map((weight) => (weight * count) / sum);
  const keep = new Float64Array(count).fill(1);
  const alias = Int32Array.from({ length: count }, (_, index) => index);
  const small = [...scaled.keys()].filter((index) => (scaled[index] as number) < 1);
  const large = [...scaled.keys()].filter((index) => (scaled[index] as number) >= 1);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() as number;
    const more = large.at(-1) as number;
    keep[less] = scaled[less] as number;
    alias[less] = more;
    scaled[more] = (scaled[more] as number) - (1 - (scaled[less] as number));
    if ((scaled[more] as number) < 1) small.push(large.pop() as number);
  }
  return (random) => {
    const position = random.fraction() * count;
    const index = Math.floor(position);
    return entries[position - index < (keep[index] as number) ? index : (alias[index] as number)] as T;
  };
}
