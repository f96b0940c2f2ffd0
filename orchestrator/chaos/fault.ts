import { shownValue } from '../../producer/errors.ts';
import { type FaultTarget, SUPERVISOR } from '../runtimes/faults.ts';
import { SERVICES } from '../services/services.ts';

/**
 * The kinds of faults. `kill` is SIGKILL, `pause` SIGSTOP with SIGCONT after a while, `restart` a
 * graceful one of the broker, `two` two kills or pauses at once, `disk-full` no room for the job's
 * files for a while, `truncate` a staged file that loses its tail.
 */
export const FAULT_KINDS = ['kill', 'pause', 'restart', 'two', 'disk-full', 'truncate'] as const;

/** A kind of faults, as `--only` and `--except` name it. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The parts of the services that faults can hit, in the order in which a schedule draws. */
export const FAULT_POINTS = SERVICES.flatMap(({ faults }) => faults).toSorted(
  (one, other) => one.drawOrder - other.drawOrder,
);

/** Every process that faults can hit: those of the services, and what restarts them. */
export const FAULT_TARGETS: readonly FaultTarget[] = [
  ...FAULT_POINTS.map(({ target }) => target),
  SUPERVISOR,
];

/** What a fault can hit: processes of the stack, or the job's files. */
const FAULT_PLACES: readonly string[] = [...FAULT_TARGETS, 'outputs'];

/** One action on one target. */
export type Injection =
  | { readonly action: 'kill' | 'pause'; readonly target: FaultTarget }
  | { readonly action: 'restart'; readonly target: 'broker' }
  /** `fileBytes`: how large a file can still become where the disk cannot really be filled. */
  | { readonly action: 'disk-full'; readonly target: 'outputs'; readonly fileBytes: number }
  /** `keep`: the part of the file that is left, from 0 to below 1. */
  | { readonly action: 'truncate'; readonly target: 'outputs'; readonly keep: number };

/**
 * The query whose micro-batch a fault waits for: `ingest`, or a gold table, whose silver is
 * committed by then.
 */
export type FaultQuery = 'ingest' | 'gold';

/** One fault of a schedule, with everything that decides what happens. Times are milliseconds. */
export interface Fault {
  /** Counted from 1. */
  readonly number: number;
  readonly kind: FaultKind;
  /** Injected at the same time. */
  readonly strikes: readonly Injection[];
  /** Rest of the stack before it. */
  readonly restMs: number;
  /** Whether it waits until a micro-batch runs. */
  readonly inBatch: boolean;
  /** The query of that micro-batch. */
  readonly query: FaultQuery;
  /** Delay after that. */
  readonly delayMs: number;
  /** How long it lasts; 0 for what is over at once. */
  readonly heldMs: number;
}

/** "pause broker for 12.3 s", "kill driver and pause worker for 4.0 s". */
export function describeFault({ strikes, heldMs }: Fault): string {
  const parts = strikes.map((injection) => {
    if (injection.action === 'disk-full') return 'disk full for the outputs';
    if (injection.action === 'truncate')
      return `cut a staged file to ${Math.round(injection.keep * 100)} % of its size`;
    return `${injection.action} ${injection.target}`;
  });
  return `${parts.join(' and ')}${heldMs === 0 ? '' : ` for ${(heldMs / 1000).toFixed(1)} s`}`;
}

/** When it hits: "1.2 s into a micro-batch of gold", "after 0.4 s". */
export function describeWait({ inBatch, query, delayMs }: Fault): string {
  const seconds = `${(delayMs / 1000).toFixed(1)} s`;
  return inBatch ? `${seconds} into a micro-batch of ${query}` : `after ${seconds}`;
}

/** Words of `--only` and `--except`: kinds of faults and their targets. */
export const FILTER_WORDS: readonly string[] = [...FAULT_KINDS, ...FAULT_PLACES];

/** Which faults a schedule is made of. */
export interface FaultFilter {
  readonly kinds: readonly FaultKind[];
  readonly places: readonly string[];
}

/**
 * Kinds and targets are chosen separately: `only driver,worker` allows every kind on these two,
 * `only kill,driver` allows kills of the driver.
 * @throws Error that names the unknown word, or states that nothing is left
 */
export function faultFilter(only: readonly string[], except: readonly string[]): FaultFilter {
  for (const word of [...only, ...except]) {
    if (!FILTER_WORDS.includes(word)) {
      throw new Error(`${shownValue(word)} is no fault: allowed are ${FILTER_WORDS.join(', ')}`);
    }
  }
  const chosen = <Word extends string>(all: readonly Word[]): readonly Word[] => {
    const named = all.filter((word) => only.includes(word));
    return (named.length > 0 ? named : all).filter((word) => !except.includes(word));
  };
  return { kinds: chosen(FAULT_KINDS), places: chosen(FAULT_PLACES) };
}
