import { type FaultTarget, SUPERVISOR } from '../runtime/faults.ts';
import { SERVICES } from '../services/services.ts';

/**
 * What can happen. `kill` is SIGKILL, `pause` SIGSTOP with SIGCONT after a while, `restart` a graceful one of the broker, `two` two
 * kills or pauses at once, `disk-full` no room for the job's files for a while, `truncate` a staged file that loses its tail.
 */
export const FAULT_KINDS = ['kill', 'pause', 'restart', 'two', 'disk-full', 'truncate'] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** What of the services can be struck, in the order in which a schedule draws. */
export const FAULT_POINTS = SERVICES.flatMap(({ faults }) => faults).toSorted(
  (one, other) => one.drawOrder - other.drawOrder,
);

/** Every process that can be struck: those of the services, and what restarts them. */
export const FAULT_TARGETS: readonly FaultTarget[] = [
  ...FAULT_POINTS.map(({ target }) => target),
  SUPERVISOR,
];

/** What a fault is done to: processes of the stack, or the job's files. */
export const STRUCK: readonly string[] = [...FAULT_TARGETS, 'outputs'];

/** One thing done to one target. */
export type Strike =
  | { readonly action: 'kill' | 'pause'; readonly target: FaultTarget }
  | { readonly action: 'restart'; readonly target: 'broker' }
  /** `fileBytes`: how large a file can still become where the disk cannot really be filled. */
  | { readonly action: 'disk-full'; readonly target: 'outputs'; readonly fileBytes: number }
  /** `keep`: the part of the file that is left, from 0 to below 1. */
  | { readonly action: 'truncate'; readonly target: 'outputs'; readonly keep: number };

/** Whose micro-batch a fault waits for: that of `ingest`, or of a gold table, whose silver is committed by then. */
export type StruckQuery = 'ingest' | 'gold';

/** One fault of a schedule, with everything that decides what happens. Times are milliseconds. */
export interface Fault {
  /** From 1. */
  readonly number: number;
  readonly kind: FaultKind;
  /** Done at the same time. */
  readonly strikes: readonly Strike[];
  /** Rest of the stack before it. */
  readonly restMs: number;
  /** Whether it waits for a micro-batch to be at work. */
  readonly inBatch: boolean;
  /** Whose. */
  readonly query: StruckQuery;
  /** Delay after that. */
  readonly delayMs: number;
  /** How long it lasts; 0 for what is over at once. */
  readonly heldMs: number;
}

/** "pause broker for 12.3 s", "kill driver and pause worker for 4.0 s". */
export function describeFault({ strikes, heldMs }: Fault): string {
  const parts = strikes.map((strike) => {
    if (strike.action === 'disk-full') return 'disk full for the outputs';
    if (strike.action === 'truncate')
      return `cut a staged file to ${Math.round(strike.keep * 100)} % of its size`;
    return `${strike.action} ${strike.target}`;
  });
  return `${parts.join(' and ')}${heldMs === 0 ? '' : ` for ${(heldMs / 1000).toFixed(1)} s`}`;
}

/** When it strikes: "1.2 s into a micro-batch of gold", "after 0.4 s". */
export function describeMoment({ inBatch, query, delayMs }: Fault): string {
  const seconds = `${(delayMs / 1000).toFixed(1)} s`;
  return inBatch ? `${seconds} into a micro-batch of ${query}` : `after ${seconds}`;
}
