import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What of a running stack can be struck, by its name in a fault: a process that a service names in
 * its `faults`, or SUPERVISOR.
 */
export type FaultTarget = string;

/** What restarts services: the local supervisor, the watcher beside Compose. */
export const SUPERVISOR: FaultTarget = 'supervisor';

/** A fault that lasts until it is lifted. */
export interface HeldFault {
  /** What it was done to: "process 4711", "container kafka". */
  readonly on: string;
  /**
   * Takes it back; more than once does nothing more, and neither does it when what was struck has
   * ended meanwhile.
   * @throws Error when it could not be taken back, or could not be kept up for as long as it was
   * held
   */
  revert(): Promise<void>;
}

/**
 * Breaks the stack on purpose, for `chaos`; nothing else uses it. Only what is provably the stack's
 * own is touched. What is not there throws NothingToStrike.
 */
export interface Faults {
  /** Why something cannot be done on this machine, as a phrase; undefined when it can. */
  unable(action: 'kill' | 'pause' | 'limit-file-size', target?: FaultTarget): Promise<string | undefined>;
  /** Whether there is a living process of it now. */
  isThere(target: FaultTarget): Promise<boolean>;
  /** SIGKILL, or `docker kill`. @returns what was struck */
  kill(target: FaultTarget): Promise<string>;
  /** SIGSTOP until it is lifted by SIGCONT, or `docker pause` and `unpause`. */
  pause(target: FaultTarget): Promise<HeldFault>;
  /**
   * No file of the driver or an executor can grow beyond this size, also of those that start while
   * it is held: what a full disk means to a process that writes.
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

/** A held fault whose lifting is done once, whoever asks for it how often. */
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
 * A fault that has to be done again and again while it is held, to reach processes that start
 * meanwhile.
 * @param apply does it to whatever is there; called at once, then after every pause until the fault
 * is lifted
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
 * What the command line of every executor of a standalone cluster names, and that of no other
 * process.
 */
export const EXECUTOR_MAIN_CLASS = 'org.apache.spark.executor.CoarseGrainedExecutorBackend';

/** The same of the driver's JVM, as spark-submit starts it. */
export const DRIVER_MAIN_CLASS = 'org.apache.spark.deploy.SparkSubmit';

/**
 * The end of a word in the command line of the driver's Python. It is there once Ivy has resolved
 * the packages: before, the driver writes to Ivy's cache, which other stacks share and which has to
 * stay whole.
 */
export const DRIVER_APPLICATION = '/app.py';
