import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, ProductError } from '../core/product-error.ts';
import type { VerifyReport } from '../outputs/verify/verify-report.ts';
import type { HeldFault } from '../runtime/faults.ts';
import type { Fault, Strike, StruckQuery } from './fault.ts';
import { type FaultOutcome, verified } from './outcome.ts';

/** What a run does to the stack and asks of it. */
export interface ChaosActs {
  /** Why a fault cannot be made on this machine. */
  unable(fault: Fault): Promise<string | undefined>;
  /** Waits until a micro-batch is at work, or as long as one may be waited for. */
  awaitBatch(query: StruckQuery): Promise<void>;
  /** @param hold told of whatever has to be lifted @returns what was struck */
  strike(strike: Strike, hold: (held: HeldFault) => void): Promise<string>;
  /** Waits until the stack has recovered. */
  recover(fault: Fault): Promise<void>;
  verify(): Promise<VerifyReport>;
}

/** Told of what happens, as it happens. */
export interface ChaosListener {
  struck(fault: Fault, on: readonly string[]): void;
  done(outcome: FaultOutcome): void;
}

/** How a run ended; it ends early when it finds a difference, or when the stack does not recover. */
export interface ChaosRun {
  readonly verdict: 'equal' | 'different' | 'not-recovered';
  readonly outcomes: readonly FaultOutcome[];
  /** The last verification that was made. */
  readonly report: VerifyReport;
  /** Why the stack did not recover. */
  readonly error?: ProductError;
}

/**
 * Makes the faults of a schedule, one after the other, and after each waits for recovery and verifies. What is held is lifted in any
 * case, an abort included.
 * @throws the signal's reason when aborted
 */
export async function runChaos(
  schedule: readonly Fault[],
  acts: ChaosActs,
  listener: ChaosListener,
  signal: AbortSignal,
): Promise<ChaosRun> {
  const outcomes: FaultOutcome[] = [];
  const note = (outcome: FaultOutcome) => {
    outcomes.push(outcome);
    listener.done(outcome);
  };
  // A difference from before would be taken for this run's.
  let report = await acts.verify();
  for (const fault of schedule) {
    if (!report.equal) break;
    const skipped = await acts.unable(fault);
    if (skipped !== undefined) {
      note({ fault, skipped });
      continue;
    }
    let outcome: FaultOutcome = { fault };
    try {
      await pause(fault.restMs, signal);
      outcome = { fault, ...(await makeFault(fault, acts, listener, signal)) };
      const begin = performance.now();
      await acts.recover(fault);
      outcome = { ...outcome, recoveryMs: performance.now() - begin };
      report = await acts.verify();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ProductError)) throw error;
      note(outcome);
      return { verdict: 'not-recovered', outcomes, report, error };
    }
    note({ ...outcome, verified: verified(report) });
  }
  return { verdict: report.equal ? 'equal' : 'different', outcomes, report };
}

async function makeFault(
  fault: Fault,
  acts: ChaosActs,
  listener: ChaosListener,
  signal: AbortSignal,
): Promise<Pick<FaultOutcome, 'at' | 'on'>> {
  const held: HeldFault[] = [];
  try {
    if (fault.inBatch) await acts.awaitBatch(fault.query);
    await pause(fault.delayMs, signal);
    const at = new Date().toISOString();
    const on: string[] = [];
    for (const strike of inOrder(fault.strikes)) on.push(await acts.strike(strike, (one) => held.push(one)));
    listener.struck(fault, on);
    await pause(fault.heldMs, signal);
    return { at, on };
  } finally {
    await liftAll(held);
  }
}

/** Inside a worker's container that is paused or killed, its executor can no longer be reached. */
function inOrder(strikes: readonly Strike[]): readonly Strike[] {
  return strikes.toSorted(
    (one, other) => Number(other.target === 'executor') - Number(one.target === 'executor'),
  );
}

/** The latest first; one that fails does not keep the others. */
async function liftAll(held: readonly HeldFault[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of held.toReversed()) await one.lift().catch((error: unknown) => failures.push(error));
  if (failures.length === 0) return;
  throw new ProductError('STEP_FAILED', {
    message: `A fault could not be lifted: ${failures.map(messageOf).join('; ')}.`,
    hint: '`npm run status` shows what runs; `npm run down` and `npm run up` start it afresh.',
    cause: failures[0],
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
