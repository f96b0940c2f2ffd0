import { describe, expect, it } from 'vitest';
import type { HeldFault } from '../runtimes/faults.ts';
import { ProductError } from '../util/product-error.ts';
import type { DifferenceKind, VerifyReport } from '../verify/report.ts';
import { chaosJson, summariseChaos } from './chaos-text.ts';
import type { Fault, Injection } from './fault.ts';
import { type ChaosActs, type ChaosListener, type FaultOutcome, runChaos } from './run-chaos.ts';

/** A stack that keeps a diary and returns what it is given. */
class DiaryStack implements ChaosActs {
  readonly diary: string[] = [];
  readonly held = new Set<string>();
  /** Called before each entry. */
  on: (entry: string) => void = () => undefined;
  report: VerifyReport = reportOf([]);
  unableTo: string | undefined;

  async unable({ kind }: Fault): Promise<string | undefined> {
    return kind === this.unableTo ? `no ${kind} here` : undefined;
  }
  async waitForBatch(): Promise<void> {
    this.#note('batch');
  }
  async inject({ action, target }: Injection, hold: (held: HeldFault) => void): Promise<string> {
    if (action === 'pause') {
      this.held.add(target);
      hold({
        on: target,
        revert: async () => {
          this.held.delete(target);
          this.#note(`revert ${target}`);
        },
      });
    }
    this.#note(`${action} ${target}`);
    return `the ${target}`;
  }
  async recover({ number }: Fault): Promise<void> {
    this.#note(`recover ${number}`);
  }
  async verify(): Promise<VerifyReport> {
    this.#note('verify');
    return this.report;
  }
  #note(entry: string): void {
    this.on(entry);
    this.diary.push(entry);
  }
}

function reportOf(differences: readonly (readonly [DifferenceKind, number])[]): VerifyReport {
  return {
    equal: differences.length === 0,
    topic: 't',
    committedBatch: 4,
    partitions: [],
    counts: { bronze: 100, silver: 90, quarantine: 10, gold: 3, raw_csv: 90 },
    lag: 5,
    pruned: [],
    gold: { equalWindows: 3, late: 0, unreadFiles: 0, watermark: null, tables: [] },
    deep: null,
    answerKey: null,
    notCompared: [],
    differences: differences.map(([kind, count]) => ({
      ...{ kind, count, sink: 'bronze', topic: 't', partition: 0, from: null, to: null, detail: kind },
    })),
    differenceCount: differences.length,
  };
}

const fault = (
  number: number,
  kind: Fault['kind'],
  strikes: readonly Injection[],
  more: Partial<Fault> = {},
): Fault => ({
  ...{ number, kind, strikes, restMs: 0, inBatch: false, query: 'ingest' as const, delayMs: 0, heldMs: 0 },
  ...more,
});
const kill = fault(1, 'kill', [{ action: 'kill', target: 'driver' }]);
const hold = fault(2, 'pause', [{ action: 'pause', target: 'broker' }], { heldMs: 20, inBatch: true });
const never = new AbortController().signal;

function listener(): ChaosListener & { readonly outcomes: FaultOutcome[] } {
  const outcomes: FaultOutcome[] = [];
  return { outcomes, injected: () => undefined, done: (outcome) => outcomes.push(outcome) };
}

describe('a run of chaos', () => {
  it('verifies first, and after each fault waits for recovery and verifies', async () => {
    const stack = new DiaryStack();
    const run = await runChaos([kill, hold], stack, listener(), never);
    expect(stack.diary).toEqual([
      'verify',
      ...['kill driver', 'recover 1', 'verify'],
      ...['batch', 'pause broker', 'revert broker', 'recover 2', 'verify'],
    ]);
    expect(run.verdict).toBe('equal');
    expect(run.outcomes.map(({ on }) => on)).toEqual([['the driver'], ['the broker']]);
  });

  it('ends at the first difference, which it counts as missing, doubled or wrong', async () => {
    const stack = new DiaryStack();
    stack.on = (entry) => {
      if (entry === 'recover 1') {
        stack.report = reportOf([
          ['missing', 3],
          ['doubled', 2],
          ['gold-wrong', 1],
          ['in-neither', 4],
        ]);
      }
    };
    const run = await runChaos([kill, hold], stack, listener(), never);
    expect(run.verdict).toBe('different');
    expect(run.outcomes).toHaveLength(1);
    expect(chaosJson(run, heading)).toMatchObject({ totals: { made: 1, missing: 7, doubled: 2, wrong: 1 } });
    expect(summariseChaos(run, heading)).toContain('7 missing, 2 doubled, 1 wrong of 100 records');
  });

  it('injects no fault when there was a difference before', async () => {
    const stack = new DiaryStack();
    stack.report = reportOf([['missing', 1]]);
    const run = await runChaos([kill], stack, listener(), never);
    expect(run).toMatchObject({ verdict: 'different', outcomes: [] });
    expect(stack.diary).toEqual(['verify']);
  });

  it('ends when the stack does not recover, with the reason', async () => {
    const stack = new DiaryStack();
    stack.on = (entry) => {
      if (entry === 'recover 1')
        throw new ProductError('GATE_TIMEOUT', { message: 'kafka is away.', hint: 'look' });
    };
    const run = await runChaos([kill, hold], stack, listener(), never);
    expect(run).toMatchObject({ verdict: 'not-recovered', error: { code: 'GATE_TIMEOUT' } });
    expect(run.outcomes).toHaveLength(1);
    expect(summariseChaos(run, heading)).toContain('kafka is away.');
    expect(chaosJson(run, heading)).toMatchObject({
      error: { code: 'GATE_TIMEOUT' },
      faults: [{ recoveryMs: null }],
    });
  });

  it('reports what this machine cannot do, and continues with the rest', async () => {
    const stack = new DiaryStack();
    stack.unableTo = 'kill';
    const told = listener();
    const run = await runChaos([kill, hold], stack, told, never);
    expect(told.outcomes[0]).toMatchObject({ skipped: 'no kill here' });
    expect(chaosJson(run, heading)).toMatchObject({ verdict: 'equal', totals: { made: 1, skipped: 1 } });
  });

  it('reverts held faults when it is aborted, and rejects with the reason', async () => {
    const stack = new DiaryStack();
    const abort = new AbortController();
    stack.on = (entry) => {
      if (entry === 'pause broker') abort.abort(new Error('enough'));
    };
    const long = { ...hold, heldMs: 600_000 };
    await expect(runChaos([long], stack, listener(), abort.signal)).rejects.toThrow('enough');
    expect(stack.held.size).toBe(0);
    expect(stack.diary).not.toContain('recover 2');
  });

  it('reverts held faults when the second injection fails, and reaches an executor before its worker', async () => {
    const stack = new DiaryStack();
    stack.on = (entry) => {
      if (entry === 'kill worker') throw new ProductError('STEP_FAILED', { message: 'no.', hint: 'none' });
    };
    const two = fault(3, 'two', [
      { action: 'kill', target: 'worker' },
      { action: 'pause', target: 'executor' },
    ]);
    const run = await runChaos([two], stack, listener(), never);
    expect(run.verdict).toBe('not-recovered');
    expect(stack.diary).toEqual(['verify', 'pause executor', 'revert executor']);
  });

  it('a fault that cannot be reverted is reported, and the others are reverted nevertheless', async () => {
    const stack = new DiaryStack();
    stack.on = (entry) => {
      if (entry === 'revert worker') throw new Error('it does not answer');
    };
    const two = fault(3, 'two', [
      { action: 'pause', target: 'worker' },
      { action: 'pause', target: 'broker' },
    ]);
    const run = await runChaos([two], stack, listener(), never);
    expect(run.error?.message).toContain('it does not answer');
    expect(stack.diary).toContain('revert broker');
  });
});

const heading = { seed: 7, runtime: 'local', replay: 'npm run chaos -- --seed 7' };

describe('recovery times', () => {
  it('are given as median and maximum per kind and over all', async () => {
    const outcomes = [100, 300, 200, 1000].map((recoveryMs, index) => ({
      fault: index === 3 ? hold : kill,
      at: '2026-01-01T00:00:00.000Z',
      recoveryMs,
    }));
    const run = { verdict: 'equal', outcomes, report: reportOf([]) } as const;
    expect(chaosJson(run, heading)).toMatchObject({
      recovery: {
        all: { faults: 4, medianMs: 250, maxMs: 1000 },
        kinds: {
          kill: { faults: 3, medianMs: 200, maxMs: 300 },
          pause: { faults: 1, medianMs: 1000, maxMs: 1000 },
        },
      },
    });
  });

  it('are null without a fault', () => {
    const run = { verdict: 'equal', outcomes: [], report: reportOf([]) } as const;
    expect(chaosJson(run, heading)).toMatchObject({ recovery: { all: { faults: 0, medianMs: null } } });
  });
});
