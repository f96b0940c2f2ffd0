import type { Reporter } from './reporter.ts';
import type { Step, StepTiming } from './step.ts';

/** The outcome of a plan that ran to its end. */
export interface PlanResult {
  readonly timings: readonly StepTiming[];
  /** Whole duration in milliseconds. */
  readonly elapsedMs: number;
}

interface Run {
  readonly step: Step;
  readonly startMs: number;
  endMs?: number;
}

/**
 * Runs steps, each as soon as the steps that it names in `after` are done, so independent ones run side by side. When one
 * fails, or the signal aborts, the others are aborted and awaited, the failure is reported with what it carries, and then
 * every step that had begun is undone, the latest first.
 *
 * @throws what the first failing step threw, or the signal's reason
 */
export async function runPlan(
  steps: readonly Step[],
  reporter: Reporter,
  signal: AbortSignal,
): Promise<PlanResult> {
  assertRunnable(steps);
  const begin = performance.now();
  const now = () => performance.now() - begin;
  const stop = new AbortController();
  const within = AbortSignal.any([signal, stop.signal]);
  const runs: Run[] = [];
  const promises = new Map<string, Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const fail = (error: unknown) => {
    failure ??= { error };
    stop.abort(error);
  };

  const launch = async (step: Step): Promise<void> => {
    await Promise.all(step.after.map((name) => promises.get(name)));
    if (failure || within.aborted) return;
    const run: Run = { step, startMs: now() };
    runs.push(run);
    reporter.emit({ type: 'step-started', step: step.name, title: step.title });
    const onDetail = (detail: string) => reporter.emit({ type: 'step-detail', step: step.name, detail });
    try {
      const detail = await step.run({ signal: within, onDetail });
      run.endMs = now();
      reporter.emit({ type: 'step-done', step: step.name, detail, elapsedMs: run.endMs - run.startMs });
    } catch (error) {
      const first = !failure && !signal.aborted;
      fail(error);
      if (first) {
        reporter.emit({ type: 'step-failed', step: step.name, error, elapsedMs: now() - run.startMs });
      }
    }
  };

  const ordered = inOrder(steps);
  reporter.emit({
    type: 'plan',
    steps: ordered.map(({ name, title, after }) => ({ step: name, title, after })),
  });
  for (const step of ordered) promises.set(step.name, launch(step));
  await Promise.all(promises.values());

  const error = signal.aborted ? { error: signal.reason as unknown } : failure;
  if (error) {
    const undoErrors = await undo(runs, reporter);
    if (undoErrors.length === 0) throw error.error;
    throw new AggregateError(
      [error.error, ...undoErrors],
      'the plan failed, and not all of it could be undone',
    );
  }
  const elapsedMs = now();
  const timings = runs.map(({ step, startMs, endMs }) => ({
    name: step.name,
    startMs,
    endMs: endMs ?? elapsedMs,
    after: step.after,
  }));
  return { timings, elapsedMs };
}

/** Undoes in reverse order of start; one failing undo does not keep the others from running. */
async function undo(runs: readonly Run[], reporter: Reporter): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (const { step } of runs.toReversed()) {
    if (!step.undo) continue;
    reporter.emit({ type: 'undo', step: step.name, title: step.title });
    try {
      await step.undo();
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

function assertRunnable(steps: readonly Step[]): void {
  const known = new Set(steps.map((step) => step.name));
  for (const step of steps) {
    const missing = step.after.find((name) => !known.has(name));
    if (missing) throw new Error(`step ${step.name} comes after ${missing}, which the plan does not have`);
  }
  inOrder(steps);
}

/** The steps sorted so that each comes behind those it waits for. */
function inOrder(steps: readonly Step[]): readonly Step[] {
  const sorted: Step[] = [];
  const placed = new Set<string>();
  while (sorted.length < steps.length) {
    const next = steps.filter(
      (step) => !placed.has(step.name) && step.after.every((name) => placed.has(name)),
    );
    if (next.length === 0) throw new Error('the steps of the plan wait for one another in a circle');
    for (const step of next) {
      placed.add(step.name);
      sorted.push(step);
    }
  }
  return sorted;
}
