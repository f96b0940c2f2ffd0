import { createHash, randomBytes } from 'node:crypto';

/** The only source of chance in generation: the same seed gives the same draws. */
export interface Random {
  /** An unsigned 32-bit integer. */
  word(): number;
  /** A number in [0, 1), in steps of 2^-32. */
  fraction(): number;
}

/** A generator's starting point: 128 bits as four unsigned 32-bit words, not all zero. */
export type Seed = readonly [number, number, number, number];

/** 128 bits from the system as text, so that no two runs draw the same transaction ids. */
export function seedFromSystem(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The starting point of one of several streams of chance that follow from one seed: what is drawn from one stream
 * changes nothing in another. The text is hashed (SHA-256), so that neighbouring seeds have nothing in common.
 */
export function derivedSeed(seed: string, stream: string): Seed {
  const digest = createHash('sha256').update(`${stream}\n${seed}`).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

/**
 * xoshiro128** of Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c). Faker has a
 * seedable generator too, but only in its main entry, which loads every locale: 0.25 s of CPU at each start.
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
