import type { Random } from './random.ts';

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

/** One element of a non-empty list, each as likely as the others. */
export function drawFrom<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new RangeError('cannot draw from an empty list');
  return list[Math.floor(random.fraction() * list.length)] as T;
}

/** A draw of the standard normal distribution (Box and Muller, 1958). */
export function drawNormal(random: Random): number {
  // 1 - fraction is never 0, whose logarithm is infinite.
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
