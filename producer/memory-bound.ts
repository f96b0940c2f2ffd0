import { Doorbell } from './pause.ts';

/** Bytes that may be held at one time; who finds no room waits for it. */
export class MemoryBound {
  readonly limitBytes: number;
  readonly #freed = new Doorbell();
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes room and says true, or takes none and says false. */
  tryTake(bytes: number): boolean {
    if (bytes > this.limitBytes) {
      throw new RangeError(`${bytes} bytes never fit into a buffer of ${this.limitBytes}`);
    }
    if (this.#usedBytes + bytes > this.limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#freed.ring();
  }

  /** Resolves at the next release or when the signal is aborted; then it is time to try again. */
  released(signal: AbortSignal): Promise<void> {
    return this.#freed.wait(signal);
  }
}
