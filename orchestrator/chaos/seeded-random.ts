import { randomInt } from 'node:crypto';

/** Largest seed: one that a person can type again. */
export const MAX_SEED = 999_999_999;

/** A seed from the system, for a run that names none. */
export const seedFromSystem = (): number => randomInt(1, MAX_SEED + 1);

/** A seeded source of chance: the same seed gives the same draws, on every machine. */
export interface SeededRandom {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** A copy in another order (Fisher and Yates). */
  shuffled<T>(values: readonly T[]): T[];
}

/** splitmix32, by the constants of MurmurHash3's finalizer; enough for schedules, not for secrets. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x85ebca6b);
    word ^= word >>> 13;
    word = Math.imul(word, 0xc2b2ae35);
    word ^= word >>> 16;
    return (word >>> 0) / 0x1_0000_0000;
  };
  const between = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    between,
    pick: (values) => values[between(0, values.length - 1)] ?? values[0],
    shuffled: (values) => {
      const copy = [...values];
      for (let last = copy.length - 1; last > 0; last--) {
        const other = between(0, last);
        const [a, b] = [copy[last], copy[other]];
        if (a !== undefined && b !== undefined) [copy[last], copy[other]] = [b, a];
      }
      return copy;
    },
  };
}
