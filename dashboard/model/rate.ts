/**
 * The mean rate of a growing count over the last seconds. A count that has become smaller, as when
 * a topic was created again, begins the window again.
 */
export class Rate {
  readonly #windowMs: number;
  readonly #points: { readonly atMs: number; readonly count: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Returns the rate in units per second; null until the window has two points. */
  add(atMs: number, count: number): number | null {
    const newest = this.#points.at(-1);
    if (newest && (count < newest.count || atMs <= newest.atMs)) this.#points.length = 0;
    this.#points.push({ atMs, count });
    // The window keeps one point at or before its beginning.
    while ((this.#points[1]?.atMs ?? atMs) < atMs - this.#windowMs) this.#points.shift();
    return this.value();
  }

  /** Forgets everything: after a time in which nothing could be observed. */
  clear(): void {
    this.#points.length = 0;
  }

  value(): number | null {
    const [first] = this.#points;
    const last = this.#points.at(-1);
    if (!first || !last || last.atMs === first.atMs) return null;
    return ((last.count - first.count) * 1000) / (last.atMs - first.atMs);
  }
}
