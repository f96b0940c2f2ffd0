import { setMaxListeners } from 'node:events';

/**
 * A way to stop many waits at once. Every partition waits on it, so Node's warning about more than ten
 * listeners, meant to find leaks, does not apply.
 */
export function createStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}

/** What a timer of Node can wait at most; it would take a longer time for none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Wakes whoever waits. A ring that nobody waits for is lost: look at the state first, then wait. */
export class Doorbell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, when the signal is aborted, or after `atMostMs` (24 days at most). */
  wait(signal: AbortSignal, atMostMs?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer =
        atMostMs === undefined ? undefined : setTimeout(wake, Math.min(atMostMs, LONGEST_TIMER_MS));
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }
}

/** Resolves after this many milliseconds, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Doorbell().wait(signal, ms);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Doorbell().wait(signal).then(() => undefined);
}

/**
 * What the work resolves or rejects with, or undefined as soon as the signal is aborted. It is not a race against
 * one promise of the abort: such a promise would keep every result that it was ever raced with.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
