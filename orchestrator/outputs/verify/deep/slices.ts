import type { ReadRange } from './load-expected.ts';

/** Offsets that are joined at once: bounds the memory of a join, whatever the topic's size. */
const SLICE = 500_000;

/** Cuts the ranges that were read into slices, ascending. */
export function* slicesOf(ranges: readonly ReadRange[]): Generator<ReadRange> {
  for (const { partition, from, to } of ranges) {
    for (let start = from; start < to; start += SLICE) {
      yield { partition, from: start, to: Math.min(to, start + SLICE) };
    }
  }
}

/** Whether a row lies in a slice, as SQL. */
export function inSlice({ partition, from, to }: ReadRange, alias = ''): string {
  const dot = alias === '' ? '' : `${alias}.`;
  return `${dot}"partition" = ${partition} AND ${dot}"offset" >= ${from} AND ${dot}"offset" < ${to}`;
}
