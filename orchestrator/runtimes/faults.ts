import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What of a running stack a fault can hit: a process that a service names in its `faults`, or
 * SUPERVISOR.
 */
export type FaultTarget = string;

/** What restarts services: the local supervisor, or the watcher of a Compose stack. */
export const SUPERVISOR: FaultTarget = 'supervisor';

/** A fault that lasts until it is reverted. */
export interface HeldFault {
  /** What it was injected into: "process 4711", "container kafka". */
  readonly on: string;
  /**
   * Reverts the fault. Repeated calls do nothing more, and neither does a call after the target has
   * ended.
   * @throws Error when it could not be reverted, or could not be kept up while it was held
   */
  revert(): Promise<void>;
}

/**
 * Breaks the stack on purpose, for `chaos`; nothing else uses it. Only what is provably the stack's
 * own is touched. A target that does not exist throws NothingToBreak.
 */
export interface Faults {
  /** Why something cannot be done on this machine, as a phrase; undefined when it can. */
  unable(action: 'kill' | 'pause' | 'limit-file-size', target?: FaultTarget): Promise<string | undefined>;
  /** Whether the target has a living process now. */
  isThere(target: FaultTarget): Promise<boolean>;
  /**
   * Sends SIGKILL, or runs `docker kill`.
   * @returns what was hit
   */
  kill(target: FaultTarget): Promise<string>;
  /** Sends SIGSTOP, which reverting undoes with SIGCONT, or runs `docker pause` and `unpause`. */
  pause(target: FaultTarget): Promise<HeldFault>;
  /**
   * Keeps every file of the driver and the executors below this size, also those of processes that
   * start while the fault is held. To a process that writes, this looks like a full disk.
   */
  limitFileSize(bytes: number): Promise<HeldFault>;
}

/** The target has no living process. */
export class NothingToBreak extends Error {
  constructor(target: FaultTarget) {
    super(`no living process of the ${target} was found`);
    this.name = 'NothingToStrike';
  }
}

/** Makes a held fault that is reverted only once, however often `revert` is called. */
export function heldFault(on: string, revert: () => Promise<void>): HeldFault {
  let reverted: Promise<void> | undefined;
  return {
    on,
    revert: () => {
      reverted ??= revert();
      return reverted;
    },
  };
}

/**
 * Holds a fault that must be applied repeatedly, to reach processes that start in the meantime.
 * @param apply applies it to every present process; called at once, then after every pause until
 * the fault is reverted
 */
export async function repeatedFault(
  on: string,
  everyMs: number,
  apply: () => Promise<void>,
  revert: () => Promise<void>,
): Promise<HeldFault> {
  await apply();
  const ended = new AbortController();
  let failure: unknown;
  const repeat = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!ended.signal.aborted) await apply();
    }
  };
  const repeating = repeat().catch((error: unknown) => {
    failure = error;
  });
  return heldFault(on, async () => {
    ended.abort();
    await repeating;
    await revert();
    if (failure !== undefined) throw failure;
  });
}

/**
 * A class in the command line of every executor of a standalone cluster, and of no other process.
 */
export const EXECUTOR_MAIN_CLASS = 'org.apache.spark.executor.CoarseGrainedExecutorBackend';

/** The corresponding class of the driver's JVM, as spark-submit starts it. */
export const DRIVER_MAIN_CLASS = 'org.apache.spark.deploy.SparkSubmit';

/**
 * The end of a word in the command line of the driver's Python. That process exists once Ivy has
 * resolved the packages. Earlier, the driver writes to Ivy's cache, which other stacks share and
 * which must stay intact.
 */
export const DRIVER_APPLICATION = '/app.py';
