import { setTimeout as sleep } from 'node:timers/promises';
import { stackStatus } from '../engine/status.ts';
import { fetchTopicOffsets } from '../kafka/topic.ts';
import { readCheckpoint } from '../lake/checkpoint.ts';
import { type HeldFault, SUPERVISOR } from '../runtimes/faults.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Settings } from '../settings/setting-table.ts';
import { type StackConfig, triggerIntervalMs } from '../settings/stack-config.ts';
import { stackTopic } from '../settings/stack-topic.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import { notReady, type Probe, ready, waitUntilReady } from '../util/readiness.ts';
import { userCommand } from '../util/user-command.ts';
import type { DifferenceKind, VerifyReport } from '../verify/report.ts';
import type { Fault, FaultQuery, Injection } from './fault.ts';

/** What a run does to the stack and asks of it. */
export interface ChaosActs {
  /** Why a fault is impossible on this machine; undefined when it is possible. */
  unable(fault: Fault): Promise<string | undefined>;
  /** Waits until a micro-batch runs, or until the time for that wait is over. */
  waitForBatch(query: FaultQuery): Promise<void>;
  /**
   * @param hold receives whatever has to be reverted
   * @returns what was hit
   */
  inject(injection: Injection, hold: (held: HeldFault) => void): Promise<string>;
  /** Waits until the stack has recovered. */
  recover(fault: Fault): Promise<void>;
  verify(): Promise<VerifyReport>;
}

/** Receives events as they happen. */
export interface ChaosListener {
  injected(fault: Fault, on: readonly string[]): void;
  done(outcome: FaultOutcome): void;
}

/**
 * How a run ended. It ends early when it finds a difference, or when the stack does not recover.
 */
export interface ChaosRun {
  readonly verdict: 'equal' | 'different' | 'not-recovered';
  readonly outcomes: readonly FaultOutcome[];
  /** The last verification of the run. */
  readonly report: VerifyReport;
  /** Why the stack did not recover. */
  readonly error?: ProductError;
}

/**
 * Injects the faults of a schedule one after the other. After each it waits for recovery and
 * verifies. Held faults are reverted in any case, an abort included.
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
  // A difference that existed before would be attributed to this run.
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
    if (fault.inBatch) await acts.waitForBatch(fault.query);
    await pause(fault.delayMs, signal);
    const at = new Date().toISOString();
    const on: string[] = [];
    for (const injection of inOrder(fault.strikes))
      on.push(await acts.inject(injection, (one) => held.push(one)));
    listener.injected(fault, on);
    await pause(fault.heldMs, signal);
    return { at, on };
  } finally {
    await revertAll(held);
  }
}

/**
 * The executor inside a worker's container cannot be reached once that container is paused or
 * killed.
 */
function inOrder(strikes: readonly Injection[]): readonly Injection[] {
  return strikes.toSorted(
    (one, other) => Number(other.target === 'executor') - Number(one.target === 'executor'),
  );
}

/** Reverts the latest fault first. A failure does not keep the others from being reverted. */
async function revertAll(held: readonly HeldFault[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of held.toReversed()) await one.revert().catch((error: unknown) => failures.push(error));
  if (failures.length === 0) return;
  throw new ProductError('STEP_FAILED', {
    message: `A fault could not be reverted: ${failures.map(messageOf).join('; ')}.`,
    hint: `\`${userCommand('status')}\` shows what runs; \`${userCommand('down')}\` and \`${userCommand('up')}\` start it afresh.`,
    cause: failures[0],
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** What is wrong with the outputs, as three counts of records or rows. */
export interface Damage {
  /** Committed but absent. */
  readonly missing: number;
  /** Present more than once. */
  readonly doubled: number;
  /** Anything else that verification calls a difference. */
  readonly wrong: number;
}

/** The result of one verification. */
export interface Verified extends Damage {
  readonly equal: boolean;
  readonly committedBatch: number | null;
  /** Rows in bronze that were compared. */
  readonly records: number;
  /** Records of the topic that were not processed yet. */
  readonly lag: number;
}

/** The outcome of one fault of the schedule. */
export interface FaultOutcome {
  readonly fault: Fault;
  /** When it hit, ISO-8601 with Z; undefined when it did not. */
  readonly at?: string;
  /** What it hit. */
  readonly on?: readonly string[];
  /** Why it was impossible on this machine. */
  readonly skipped?: string;
  /**
   * From its end (nothing is held any more) until the stack had recovered, in milliseconds;
   * undefined when it has not.
   */
  readonly recoveryMs?: number;
  readonly verified?: Verified;
}

const MISSING: readonly DifferenceKind[] = ['missing', 'in-neither', 'gold-missing', 'lost-to-retention'];
const DOUBLED: readonly DifferenceKind[] = ['doubled', 'in-both', 'gold-doubled', 'file-doubled'];

/** Sums up a report of `verify` for chaos. */
export function verified(report: VerifyReport): Verified {
  const count = (kinds: (kind: DifferenceKind) => boolean): number =>
    report.differences
      .filter(({ kind }) => kinds(kind))
      .reduce((sum, difference) => sum + difference.count, 0);
  const isMissing = (kind: DifferenceKind) => MISSING.includes(kind);
  const isDoubled = (kind: DifferenceKind) => DOUBLED.includes(kind);
  return {
    equal: report.equal,
    committedBatch: report.committedBatch,
    records: report.counts.bronze,
    lag: report.lag,
    missing: count(isMissing),
    doubled: count(isDoubled),
    wrong: count((kind) => !isMissing(kind) && !isDoubled(kind)),
  };
}

const INTERVAL_MS = 250;
const ATTEMPT_TIMEOUT_MS = 15_000;

/**
 * A driver that was considered dead and started again needs a minute on a slow machine. A stack
 * that takes this long does not recover.
 */
const RECOVERY_TIMEOUT_MS = 480_000;

/**
 * A service that a supervisor has given up is observed twice, because an engine may be about to
 * start it.
 */
const FAILED_LOOK_MS = 3000;

/**
 * Waits until the stack has recovered: a record that was written to the topic after this call is
 * committed, and every service is ready. This proves that producer, broker, job and outputs have
 * all worked since the call.
 * @returns what was reached
 * @throws ProductError GATE_TIMEOUT with what was still missing; SERVICE_EXITED when a service was
 * given up
 */
export async function untilRecovered(
  what: string,
  config: StackConfig,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<string> {
  return waitUntilReady(recoveryProbe(`the stack, ${what},`, config, runtime), {
    timeoutMs: RECOVERY_TIMEOUT_MS + 2 * triggerIntervalMs(config.settings.TRIGGER_INTERVAL),
    intervalMs: INTERVAL_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    signal,
    exited: (within) => givenUp(runtime, within),
  });
}

function recoveryProbe(name: string, config: StackConfig, runtime: Runtime): Probe {
  const kafka = runtime.addressOf('KAFKA_PORT');
  let ends: ReadonlyMap<number, number> | undefined;
  let hasNewData = false;
  return {
    name,
    async check() {
      if (!ends) {
        const { partitions } = await fetchTopicOffsets(
          kafka,
          stackTopic(config).name,
          config.settings.KAFKA_ISOLATION_LEVEL,
        );
        ends = new Map(partitions.map(({ partition, endOffset }) => [partition, Number(endOffset)]));
      }
      if (!hasNewData) {
        const missing = await notCommitted(ends, runtime.outputPath, config.settings);
        if (missing !== undefined) return notReady(missing);
        hasNewData = true;
      }
      const { services, ready: allReady } = await stackStatus(config, runtime);
      if (allReady) {
        // The stack is ready, and yet the next end of a service would be its last.
        return (await runtime.faults().isThere(SUPERVISOR))
          ? ready('every service is ready and new data is committed')
          : notReady('nothing is there that restarts services');
      }
      const waiting = services.filter(({ state }) => state !== 'ready' && state !== 'completed');
      return notReady(waiting.map(({ name: service, detail }) => `${service}: ${detail}`).join('; '));
    },
  };
}

/**
 * Says which records are not committed yet: one written since, which proves that everything works
 * from producer to outputs. Without a producer, those that the topic had then.
 * @param ends the end offset of each partition at the beginning of the wait
 */
async function notCommitted(
  ends: ReadonlyMap<number, number>,
  outputPath: string,
  { PRODUCERS }: Settings,
): Promise<string | undefined> {
  const { committed } = await readCheckpoint(outputPath);
  const last = `last micro-batch ${committed?.batch ?? 'none'}`;
  if (PRODUCERS === 0) {
    const isBehind = [...ends].some(([partition, end]) => end > (committed?.end.get(partition) ?? 0));
    return isBehind ? `not every record of the topic is committed (${last})` : undefined;
  }
  const isNew = [...(committed?.end ?? [])].some(([partition, end]) => end > (ends.get(partition) ?? 0));
  return isNew ? undefined : `no record written since is committed (${last})`;
}

/** Resolves when a service has failed for good. */
async function givenUp(runtime: Runtime, signal: AbortSignal): Promise<{ readonly detail: string }> {
  let suspects = new Set<string>();
  for (;;) {
    signal.throwIfAborted();
    // A failed observation decides nothing: a supervisor that was hit answers later.
    const observed = await runtime.observe().catch(() => []);
    const failed = observed.filter(({ state }) => state === 'failed');
    const again = failed.find(({ name }) => suspects.has(name));
    if (again) return { detail: `${again.name} was given up: ${again.detail}` };
    suspects = new Set(failed.map(({ name }) => name));
    await new Promise((resolve) => setTimeout(resolve, FAILED_LOOK_MS));
  }
}
