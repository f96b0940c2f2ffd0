/** Offsets are looked at 64 at a time: a bucket is offset / 64, its mask has bit offset % 64. */
export const BUCKET_SIZE = 64;

/** Bits of the offsets of a bucket that lie in [from, to). */
export function maskOfRange(bucket: number, from: number, to: number): bigint {
  const first = bucket * BUCKET_SIZE;
  const low = Math.min(Math.max(from - first, 0), BUCKET_SIZE);
  const high = Math.min(Math.max(to - first, 0), BUCKET_SIZE);
  return low >= high ? 0n : ((1n << BigInt(high - low)) - 1n) << BigInt(low);
}

export function bitCount(mask: bigint): number {
  let count = 0;
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

/** The place of the lowest bit; 0 for an empty mask. */
export function lowestBit(mask: bigint): number {
  return mask === 0n ? 0 : bitCount((mask & -mask) - 1n);
}

/** Joins offsets that arrive in ascending order into ranges, and hands each over when it is complete. */
export class RangeBuilder {
  #from = 0;
  #to = 0;
  readonly #onRange: (from: number, to: number) => void;

  /** @param onRange takes a range [from, to) */
  constructor(onRange: (from: number, to: number) => void) {
    this.#onRange = onRange;
  }

  /** The range [from, to). */
  addRange(from: number, to: number): void {
    if (from >= to) return;
    if (from !== this.#to) {
      this.end();
      this.#from = from;
    }
    this.#to = to;
  }

  addMask(bucket: number, mask: bigint): void {
    if (mask === 0n) return;
    const first = bucket * BUCKET_SIZE;
    for (let bit = 0; bit < BUCKET_SIZE; bit++) {
      if ((mask >> BigInt(bit)) & 1n) this.addRange(first + bit, first + bit + 1);
    }
  }

  /** Hands over what is open. */
  end(): void {
    if (this.#from < this.#to) this.#onRange(this.#from, this.#to);
    this.#from = 0;
    this.#to = 0;
  }
}

/** Ranges [from, to) in the order they came; 16 bytes each, so that millions can be kept. */
export class OffsetRanges {
  #bounds = new Float64Array(64);
  #length = 0;

  push(from: number, to: number): void {
    if (this.#length === this.#bounds.length) {
      const larger = new Float64Array(2 * this.#bounds.length);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[this.#length++] = from;
    this.#bounds[this.#length++] = to;
  }

  *[Symbol.iterator](): Generator<{ readonly from: number; readonly to: number }> {
    for (let at = 0; at < this.#length; at += 2) {
      yield { from: this.#bounds[at] ?? 0, to: this.#bounds[at + 1] ?? 0 };
    }
  }
}
