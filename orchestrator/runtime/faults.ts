/**
 * What of a running stack can be struck, by its name in a fault: a process that a service names in its `faults`, or
 * SUPERVISOR.
 */
export type FaultTarget = string;

/** What restarts services: the local supervisor, the watcher beside Compose. */
export const SUPERVISOR: FaultTarget = 'supervisor';

/** A fault that lasts until it is lifted. */
export interface HeldFault {
  /** What it was done to: "process 4711", "container kafka". */
  readonly on: string;
  /**
   * Takes it back; more than once does nothing more, and neither does it when what was struck has ended meanwhile.
   * @throws Error when it could not be taken back, or could not be kept up for as long as it was held
   */
  lift(): Promise<void>;
}

/**
 * Breaks the stack on purpose, for `chaos`; nothing else uses it. Only what is provably the stack's own is touched.
 * What is not there throws NothingToStrike.
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
   * No file of the driver or an executor can grow beyond this size, also of those that start while it is held: what a full disk
   * means to a process that writes.
   */
  limitFileSize(bytes: number): Promise<HeldFault>;
}

/** The target has no living process. */
export class NothingToStrike extends Error {
  constructor(target: FaultTarget) {
    super(`no living process of the ${target} was found`);
    this.name = 'NothingToStrike';
  }
}
