import { setMaxListeners } from 'node:events';
import { type LoadProfile, STEADY } from '../generate/event-clock.ts';

/** The longest stall that is fully made up for. Records missed beyond it are skipped. */
const LONGEST_DEBT_MS = 1000;
/** Missed records are made up for at no more than this multiple of the rate. */
const CATCH_UP = 2;
/** However late a call comes, it returns at most this much time's worth of records. */
const LONGEST_STEP_MS = 50;
/**
 * No process of this kind reaches a million records a second, so above this rate there is nothing
 * to pace.
 */
const UNREACHABLE_RATE = 1_000_000;
/** Without a rate, this many records go between two checks of signals and sockets. */
const UNPACED_STEP = 256;

/** Determines when records are due. Times are milliseconds of one monotonic clock. */
export interface Pacer {
  /** How many records are due at this time. They count as sent. */
  due(nowMs: number): number;
  /** Milliseconds until another record is due, 0 when one is due already. */
  idleMs(nowMs: number): number;
}

/**
 * Keeps a rate by the clock: record n is due n / rate after the start, so that rounding errors
 * never add up. A process that was delayed catches up at no more than twice the rate, not in one
 * burst, and by no more than one second's worth of records. The rest is skipped, so that after an
 * outage with a full buffer the configured rate continues.
 *
 * @param recordsPerSecond the rate; 0 for no pacing at all
 * @param profile how the rate changes with time
 */
export function createPacer(recordsPerSecond: number, startMs: number, profile: LoadProfile = STEADY): Pacer {
  if (recordsPerSecond === 0 || recordsPerSecond > UNREACHABLE_RATE) {
    return { due: () => UNPACED_STEP, idleMs: () => 0 };
  }
  const unitsPerMs = recordsPerSecond / 1000;
  const mostOwed = Math.max(1, LONGEST_DEBT_MS * unitsPerMs);
  const mostRecordsOwed = mostOwed * profile.peak;
  const creditPerMs = unitsPerMs * profile.peak * CATCH_UP;
  const mostCredit = Math.max(1, LONGEST_STEP_MS * unitsPerMs * profile.peak);
  let originMs = startMs;
  let handedOut = 0;
  let lastMs = startMs;
  // What may be returned now without exceeding the catch-up rate. It grows with time.
  let credit = 1;

  return {
    due(nowMs) {
      credit = Math.min(mostCredit, credit + (nowMs - lastMs) * creditPerMs);
      lastMs = nowMs;
      // The first record is due at the start, hence the additional one.
      const owedUnits = (nowMs - originMs) * unitsPerMs + 1 - profile.unitsOf(handedOut);
      if (owedUnits > mostOwed) originMs += (owedUnits - mostOwed) / unitsPerMs;
      const owed = profile.recordsBy((nowMs - originMs) * unitsPerMs) + 1 - handedOut;
      const count = Math.max(0, Math.floor(Math.min(owed, mostRecordsOwed, credit)));
      handedOut += count;
      credit -= count;
      return count;
    },
    idleMs(nowMs) {
      const untilOwedMs = originMs + profile.unitsOf(handedOut) / unitsPerMs - nowMs;
      const untilCreditMs = (1 - credit) / creditPerMs - (nowMs - lastMs);
      return Math.max(0, untilOwedMs, untilCreditMs);
    },
  };
}

/**
 * An AbortController that can stop many waits at once. Every partition waits for it, so Node's
 * warning about more than ten listeners, which is meant to find leaks, does not apply.
 */
export function createStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}

/** The longest time of a timer in Node. It treats a longer time as none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Wakes all waiters. A ring without waiters is lost, so check the state first and then wait. */
export class Doorbell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Resolves at the next ring, when the signal is aborted, or after `atMostMs` (24 days at most).
   */
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

/** Lets signals and sockets have their turn. */
export function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Doorbell().wait(signal).then(() => undefined);
}

/**
 * Resolves or rejects like the work, or resolves with undefined as soon as the signal is aborted.
 * It does not race against one promise of the abort: such a promise would keep the result of every
 * race in memory.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
