import type { Random } from './random.ts';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hexOf = (word: number): string =>
  `${HEX[word >>> 24]}${HEX[(word >>> 16) & 0xff]}${HEX[(word >>> 8) & 0xff]}${HEX[word & 0xff]}`;

/** A UUID of version 4 (RFC 9562) that a seed reproduces, unlike the system's. */
export function drawUuid(random: Random): string {
  const low = hexOf(random.word());
  const middle = hexOf(((random.word() & 0xffff_0fff) | 0x4000) >>> 0);
  const variant = hexOf(((random.word() & 0x3fff_ffff) | 0x8000_0000) >>> 0);
  const node = hexOf(random.word());
  return `${low}-${middle.slice(0, 4)}-${middle.slice(4)}-${variant.slice(0, 4)}-${variant.slice(4)}${node}`;
}

/** One element of a non-empty list, each as likely as the others. */
export function drawFrom<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new RangeError('cannot draw from an empty list');
  return list[Math.floor(random.fraction() * list.length)] as T;
}

/** A list from which each entry is drawn with its weight: entries repeated, so that a draw stays one look-up. */
export function weighted<T>(entries: readonly (readonly [entry: T, weight: number])[]): readonly T[] {
  return entries.flatMap(([entry, weight]) => Array.from({ length: weight }, () => entry));
}

/** A draw of the standard normal distribution (Box and Muller, 1958). */
export function drawNormal(random: Random): number {
  // 1 - fraction is never 0, whose logarithm is infinite.
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
