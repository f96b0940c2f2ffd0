import { setMaxListeners } from 'node:events';
import { type LoadProfile, STEADY } from '../generate/event-clock.ts';

/** How long a stall of the schedule is made up for; what a longer one cost is forgiven. */
const LONGEST_DEBT_MS = 1000;
/** Records are made up for at no more than this multiple of the rate. */
const CATCH_UP = 2;
/** However late a call comes, it hands out no more than this much time's worth of records. */
const LONGEST_STEP_MS = 50;
/**
 * No process of this kind gets near a million records a second: from here on pacing has nothing to
 * hold back.
 */
const UNREACHABLE_RATE = 1_000_000;
/** With no rate to keep, this many records go between two looks at signals and sockets. */
const UNPACED_STEP = 256;

/** Says when records are due. Times are milliseconds of one monotonic clock. */
export interface Pacer {
  /** How many records are due at this time; they count as sent. */
  due(nowMs: number): number;
  /** Milliseconds until another record is due, 0 when one is due already. */
  idleMs(nowMs: number): number;
}

/**
 * Holds a rate against the clock: record n is due n / rate after the start, so that rounding never
 * adds up. A process that was held up makes up for it at no more than twice the rate, not in one
 * burst; and for no more than one second's worth: the rest is forgiven, so that an outage with a
 * full buffer is followed by the rate that was asked for.
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
  // What may be handed out now without going above the catch-up rate; it grows with time.
  let credit = 1;

  return {
    due(nowMs) {
      credit = Math.min(mostCredit, credit + (nowMs - lastMs) * creditPerMs);
      lastMs = nowMs;
      // The first record is due at the start, hence the one more.
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
 * A way to stop many waits at once. Every partition waits on it, so Node's warning about more than
 * ten listeners, meant to find leaks, does not apply.
 */
export function createStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}

/** What a timer of Node can wait at most; it would take a longer time for none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Wakes whoever waits. A ring that nobody waits for is lost: look at the state first, then wait.
 */
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

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Doorbell().wait(signal).then(() => undefined);
}

/**
 * What the work resolves or rejects with, or undefined as soon as the signal is aborted. It is not
 * a race against one promise of the abort: such a promise would keep every result that it was ever
 * raced with.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
