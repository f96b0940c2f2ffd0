import { createHash, randomBytes } from 'node:crypto';

/** The only source of randomness in generation. The same seed gives the same draws. */
export interface Random {
  /** An unsigned 32-bit integer. */
  word(): number;
  /** A generator's starting point: 128 bits as four unsigned 32-bit words, not all zero. */
  fraction(): number;
}

/** A generator's starting point: 128 bits as four unsigned 32-bit words, not all zero. */
export type Seed = readonly [number, number, number, number];

/** 128 bits from the system as text, so that no two runs draw the same transaction ids. */
export function seedFromSystem(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The starting point of one of several random streams that derive from one seed. Draws from one
 * stream change nothing in another. The text is hashed (SHA-256), so that neighbouring seeds have
 * nothing in common.
 */
export function derivedSeed(seed: string, stream: string): Seed {
  const digest = createHash('sha256').update(`${stream}\n${seed}`).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/**
 * xoshiro128** of Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c). Faker has a
 * seedable generator too, but only in its main entry, which loads every locale: 0.25 s of CPU at
 * each start.
 */
export function seededRandom(seed: Seed): Random {
  if (seed.every((word) => word >>> 0 === 0)) throw new RangeError('a seed needs a word that is not zero');
  let [a, b, c, d] = seed;
  const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  const word = (): number => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
  return { word, fraction: () => word() / 0x1_0000_0000 };
}

const HEX = Array.from({ length: 65_536 }, (_, pair) => pair.toString(16).padStart(4, '0'));
const hexOf = (pair: number): string => HEX[pair] as string;

/** A UUID of version 4 (RFC 9562) that a seed reproduces, unlike the system's. */
export function drawUuid(random: Random): string {
  const low = random.word();
  const middle = random.word();
  const variant = random.word();
  const node = random.word();
  return `${hexOf(low >>> 16)}${hexOf(low & 0xffff)}-${hexOf(middle >>> 16)}-${hexOf(
    (middle & 0x0fff) | 0x4000,
  )}-${hexOf(((variant >>> 16) & 0x3fff) | 0x8000)}-${hexOf(variant & 0xffff)}${hexOf(node >>> 16)}${hexOf(
    node & 0xffff,
  )}`;
}

/** One element of a non-empty list, each with the same probability. */
export function drawFrom<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new RangeError('cannot draw from an empty list');
  return list[Math.floor(random.fraction() * list.length)] as T;
}

/** A draw of the standard normal distribution (Box and Muller, 1958). */
export function drawNormal(random: Random): number {
  // 1 - fraction is never 0, whose logarithm is infinite.
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

/** Draws one of several entries by their weights. */
export type WeightedDraw<T> = (random: Random) => T;

/**
 * Walker's alias method in Vose's form (M. Vose, "A Linear Algorithm for Generating Random Numbers
 * with a Given Distribution", 1991): a draw costs one fraction and one comparison, however many
 * entries there are.
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
