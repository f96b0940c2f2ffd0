import type { ServiceName } from '../../../services/service-name.ts';

/**
 * What the supervisor receives of a service to run. It travels through the control socket only: the
 * environment may hold secrets.
 */
export interface ServiceSpec {
  readonly name: ServiceName;
  /** A daemon is started again when it ends, whatever its exit code; a one-shot runs once. */
  readonly kind: 'daemon' | 'one-shot';
  /** Exit codes of a daemon that a restart cannot fix. */
  readonly finalExitCodes: readonly number[];
  /** Searched for in the PATH of `env` when it has no slash. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** How long the main process may take to end after SIGTERM; then its whole group is killed. */
  readonly stopGraceMs: number;
  /**
   * An absolute path: the service leaves this file as proof for its next start that it closed its
   * data in order. It is removed when the process ends unasked, so that the next start checks the
   * data whatever the failed one wrote.
   */
  readonly cleanShutdownFile?: string;
  readonly restart: RestartPolicy;
}

/** When a daemon that ended is started again. */
export interface RestartPolicy {
  /** Pause before the first restart; it doubles with every further end in a row. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A process that lived this long ends the row. */
  readonly steadyAfterMs: number;
  /** After this many ends of its own accord in a row, the service is given up. */
  readonly maxFastFailures: number;
}

/**
 * How a process ended: an exit code, or the signal that ended it, or why the system refused to
 * start it.
 */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly refusal?: string;
}

export type Verdict =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'await-space'; readonly reason: string };

/** Ends in a row, the present one included, each soon after its start. */
export interface EndsInARow {
  readonly ends: number;
  /** Those since the last kill from outside. */
  readonly failures: number;
}

export const NO_ENDS: EndsInARow = { ends: 0, failures: 0 };

/**
 * Signals from someone with the right to send them. A process that crashes ends by others, such as
 * SIGSEGV.
 */
const FROM_OUTSIDE: readonly (string | undefined)[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Exit codes of a JVM that shuts down on SIGHUP, SIGINT and SIGTERM: 128 and the signal's number.
 */
const FROM_OUTSIDE_CODES: readonly (number | undefined)[] = [129, 130, 143];

/**
 * Counts one more end.
 * @param steady whether the process had lived long enough to end the row
 */
export function oneMoreEnd(before: EndsInARow, end: ProcessEnd, steady: boolean): EndsInARow {
  const { ends, failures } = steady ? NO_ENDS : before;
  // A service that is killed again and again has not failed. A killed broker's next starts fail
  // until its session is over.
  const fromOutside = FROM_OUTSIDE.includes(end.signal) || FROM_OUTSIDE_CODES.includes(end.code);
  return { ends: ends + 1, failures: fromOutside ? 0 : failures + 1 };
}

/**
 * Decides what follows the end of a process that nobody asked to end.
 * @param shortage why nothing can be started for want of disk space, if that is so
 */
export function verdictOn(
  end: ProcessEnd,
  { ends, failures }: EndsInARow,
  { kind, finalExitCodes, restart }: Pick<ServiceSpec, 'kind' | 'finalExitCodes' | 'restart'>,
  shortage?: string,
): Verdict {
  if (kind === 'one-shot') {
    return end.code === 0 ? { kind: 'completed' } : { kind: 'failed', reason: describeEnd(end) };
  }
  if (end.code !== undefined && finalExitCodes.includes(end.code)) {
    return { kind: 'failed', reason: `${describeEnd(end)}, which a restart cannot fix` };
  }
  if (shortage !== undefined) {
    return { kind: 'await-space', reason: `${describeEnd(end)}, next start with more space: ${shortage}` };
  }
  if (failures >= restart.maxFastFailures) {
    return {
      kind: 'failed',
      reason: `${describeEnd(end)}, given up after ${failures} failures in a row`,
    };
  }
  return {
    kind: 'restart',
    delayMs: Math.min(restart.firstDelayMs * 2 ** Math.max(0, ends - 1), restart.maxDelayMs),
  };
}

/** "exited with code 1", "ended by SIGKILL" or "could not be started: spawn EAGAIN". */
export function describeEnd(end: ProcessEnd): string {
  if (end.refusal !== undefined) return `could not be started: ${end.refusal}`;
  return end.signal === undefined ? `exited with code ${end.code}` : `ended by ${end.signal}`;
}
