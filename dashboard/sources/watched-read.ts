/** The outcome of the newest read of a source. */
export interface ReadState<T> {
  /** What was found last; undefined while the newest read has failed or nothing was read yet. */
  readonly value: T | undefined;
  /** Why the newest read has failed. */
  readonly error: unknown;
  /** When the newest read ended, Unix ms; undefined before the first. */
  readonly atMs: number | undefined;
}

/**
 * Reads a source again and again, one read at a time. A read that does not end is a failure after a
 * while, although it goes on: nothing that hangs, such as a paused broker, holds up the others.
 */
export class WatchedRead<T> {
  readonly #read: () => Promise<T>;
  readonly #everyMs: number;
  readonly #patienceMs: number;
  #state: ReadState<T> = { value: undefined, error: undefined, atMs: undefined };
  #began = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;

  constructor(read: () => Promise<T>, everyMs: number, patienceMs: number) {
    this.#read = read;
    this.#everyMs = everyMs;
    this.#patienceMs = patienceMs;
  }

  /** Begins a read when one is due. Resolves when it has ended, or after `withinMs`. */
  async look(withinMs: number): Promise<void> {
    const nowMs = performance.now();
    if (!this.#pending && nowMs - this.#began >= this.#everyMs) {
      this.#began = nowMs;
      this.#pending = this.#run();
    }
    if (!this.#pending) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.#pending, limit]);
    clearTimeout(timer);
  }

  /** The newest outcome. */
  state(): ReadState<T> {
    const waitedMs = performance.now() - this.#began;
    if (!this.#pending || waitedMs < this.#patienceMs) return this.#state;
    const error = new Error(`no answer for ${Math.floor(waitedMs / 1000)} s`);
    return { value: undefined, error, atMs: this.#state.atMs };
  }

  async #run(): Promise<void> {
    try {
      this.#state = { value: await this.#read(), error: undefined, atMs: Date.now() };
    } catch (error) {
      this.#state = { value: undefined, error, atMs: Date.now() };
    } finally {
      this.#pending = undefined;
    }
  }
}
