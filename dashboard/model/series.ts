/** One resolution of the stored series. */
interface Tier {
  /** Milliseconds of a point. */
  readonly stepMs: number;
  /** Points that are kept, the newest. */
  readonly points: number;
}

/** Ten minutes in steps of two seconds, and eight hours in steps of a minute. */
const TIERS: readonly Tier[] = [
  { stepMs: 2000, points: 300 },
  { stepMs: 60_000, points: 480 },
];

/** Series at most. More are not stored: a topic may have a thousand partitions. */
export const MOST_SERIES = 48;

/** How the values within one step become one: the mean of a rate, otherwise the last value. */
const isMean = (name: string): boolean => name.endsWith('PerSecond');

/** One tier as it is sent and stored: a value, or null, for each time. */
export interface TierDocument {
  readonly stepMs: number;
  /** The beginnings of the steps, Unix ms, ascending. */
  readonly at: readonly number[];
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

/** The values of a moment, by the name of their series. */
export type Sample = Readonly<Record<string, number | null>>;

/**
 * Values over time in bounded memory: each tier keeps its newest points, each of one step. A step
 * without any sample has no point, so a gap in the observation stays a gap.
 */
export class Series {
  readonly #tiers: readonly StoredTier[];

  constructor(tiers: readonly Tier[] = TIERS) {
    this.#tiers = tiers.map((tier) => new StoredTier(tier));
  }

  /** @param atMs Unix ms; earlier than the newest point where the clock was set back */
  add(atMs: number, sample: Sample): void {
    for (const tier of this.#tiers) tier.add(atMs, sample);
  }

  /** Returns every tier, the finest first. */
  documents(): readonly TierDocument[] {
    return this.#tiers.map((tier) => tier.document());
  }

  /** Takes stored tiers, where they have the steps of these. Malformed ones are ignored. */
  restore(documents: readonly TierDocument[], nowMs: number): void {
    for (const tier of this.#tiers) {
      const stored = documents.find(({ stepMs }) => stepMs === tier.stepMs);
      if (stored) tier.restore(stored, nowMs);
    }
  }
}

class StoredTier {
  readonly stepMs: number;
  readonly #points: number;
  #at: number[] = [];
  #values = new Map<string, (number | null)[]>();
  /** Samples in the newest step, for means. */
  #samples = 0;

  constructor({ stepMs, points }: Tier) {
    this.stepMs = stepMs;
    this.#points = points;
  }

  add(atMs: number, sample: Sample): void {
    const step = Math.floor(atMs / this.stepMs) * this.stepMs;
    // After the clock was set back, points of the former future would be drawn again and again.
    while ((this.#at.at(-1) ?? 0) > step) this.#removeNewest();
    if (this.#at.at(-1) !== step) {
      this.#at.push(step);
      for (const values of this.#values.values()) values.push(null);
      this.#samples = 0;
    }
    for (const [name, value] of Object.entries(sample)) this.#set(name, value);
    this.#samples++;
    if (this.#at.length > this.#points) this.#removeOldest();
  }

  #set(name: string, value: number | null): void {
    if (value === null || !Number.isFinite(value)) return;
    const values = this.#values.get(name) ?? this.#newSeries(name);
    if (!values) return;
    const last = values.length - 1;
    const before = values[last] ?? null;
    values[last] = before !== null && isMean(name) ? before + (value - before) / (this.#samples + 1) : value;
  }

  #newSeries(name: string): (number | null)[] | undefined {
    if (this.#values.size >= MOST_SERIES) return undefined;
    const values = new Array<number | null>(this.#at.length).fill(null);
    this.#values.set(name, values);
    return values;
  }

  #removeNewest(): void {
    this.#at.pop();
    for (const values of this.#values.values()) values.pop();
  }

  #removeOldest(): void {
    this.#at.shift();
    for (const [name, values] of this.#values) {
      values.shift();
      // A partition or table that no longer exists leaves room for another.
      if (values.every((value) => value === null)) this.#values.delete(name);
    }
  }

  document(): TierDocument {
    return { stepMs: this.stepMs, at: [...this.#at], values: Object.fromEntries(this.#values) };
  }

  restore({ at, values }: TierDocument, nowMs: number): void {
    const known = at.filter((time) => time <= nowMs).slice(-this.#points);
    const from = at.indexOf(known[0] ?? Number.NaN);
    if (from < 0) return;
    this.#at = [...known];
    this.#values = new Map(
      Object.entries(values)
        .filter(([, stored]) => stored.length === at.length)
        .slice(0, MOST_SERIES)
        .map(([name, stored]) => [name, stored.slice(from, from + known.length)]),
    );
    this.#samples = 1;
  }
}
