/** The longest wait of a Node timer, 24 days. Node fires at once for a longer one. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits; the signal ends the wait early by rejection with its reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const onTime = () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const timer = setTimeout(onTime, Math.min(ms, LONGEST_TIMER_MS));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Counts changes of something. Whoever remembers the count of the last look misses no change, also
 * none that happens between the look and the wait.
 */
export class Changes {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  /** Counts a change and wakes all waiters. */
  note(): void {
    this.#count += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Counts a change for everything that a source yields, until that ends or fails. */
  async follow(source: AsyncIterable<unknown>): Promise<void> {
    for await (const _change of source) this.note();
  }

  /**
   * Waits until the count differs from `seen`, or for `atMostMs`.
   * @throws the signal's reason when that is aborted first
   */
  async after(seen: number, signal: AbortSignal, atMostMs = LONGEST_TIMER_MS): Promise<void> {
    signal.throwIfAborted();
    if (this.#count !== seen) return;
    const changed = new AbortController();
    const wake = () => changed.abort();
    this.#waiting.add(wake);
    try {
      await pause(atMostMs, AbortSignal.any([signal, changed.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (!changed.signal.aborted) throw error;
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
