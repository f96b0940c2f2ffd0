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
 * Runs steps, each as soon as the steps that it names in `after` are done, so independent steps run
 * in parallel. When one fails, or the signal aborts, the others are aborted and awaited and the
 * failure is reported with the data that it carries. Then every step that had begun is undone, the
 * latest first.
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

/** Undoes in reverse order of start; a failing undo does not keep the others from running. */
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

/** Returns the steps sorted so that each comes after those it waits for. */
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

/** What a step receives while it runs. */
export interface StepContext {
  /** Aborted on Ctrl-C and when another step of the plan failed. */
  readonly signal: AbortSignal;
  /** Reports what the step waits for or does; it is shown next to the step's name. */
  readonly onDetail: (detail: string) => void;
}

/**
 * A named part of a plan. It starts as soon as every step named in `after` is done; others run at
 * the same time.
 */
export interface Step {
  readonly name: string;
  /** What it does, for people: "Start Kafka". */
  readonly title: string;
  readonly after: readonly string[];
  /**
   * Does the work and waits until the result is ready; resolves with one line on what was reached.
   */
  run(context: StepContext): Promise<string>;
  /**
   * Undoes what `run` did or had begun to do. Registered before `run`; called in reverse order of
   * start.
   */
  undo?(): Promise<void>;
}

/** When a step ran, in milliseconds since the plan's start. */
export interface StepTiming {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly after: readonly string[];
}

/** One step of the chain that decided how long the plan took. */
export interface CriticalStep {
  readonly name: string;
  readonly elapsedMs: number;
}

/**
 * Returns the chain of steps that decided a plan's duration: from the step that ended last, back
 * through the predecessor that ended last, to a step that waited for none (the critical path
 * method, with measured instead of estimated durations).
 */
export function criticalPath(timings: readonly StepTiming[]): readonly CriticalStep[] {
  const byName = new Map(timings.map((timing) => [timing.name, timing]));
  const latest = (candidates: readonly StepTiming[]): StepTiming | undefined =>
    candidates.reduce<StepTiming | undefined>(
      (last, timing) => (last === undefined || timing.endMs > last.endMs ? timing : last),
      undefined,
    );
  const path: CriticalStep[] = [];
  let current = latest(timings);
  while (current) {
    path.unshift({ name: current.name, elapsedMs: current.endMs - current.startMs });
    current = latest(current.after.flatMap((name) => byName.get(name) ?? []));
  }
  return path;
}

/** A step before it starts. */
export interface PlannedStep {
  readonly step: string;
  readonly title: string;
  readonly after: readonly string[];
}

/**
 * What happens during a command, as data; a reporter decides how it looks. The command's result is
 * no event: `main` prints it once. Times are milliseconds since the command's start.
 */
export type ReportEvent =
  | { readonly type: 'plan'; readonly steps: readonly PlannedStep[] }
  | { readonly type: 'step-started'; readonly step: string; readonly title: string }
  | { readonly type: 'step-detail'; readonly step: string; readonly detail: string }
  | { readonly type: 'step-done'; readonly step: string; readonly detail: string; readonly elapsedMs: number }
  | {
      readonly type: 'step-failed';
      readonly step: string;
      readonly error: unknown;
      readonly elapsedMs: number;
    }
  | { readonly type: 'undo'; readonly step: string; readonly title: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string }
  /** Something that a long command has done, for people and as data. */
  | {
      readonly type: 'progress';
      readonly event: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly text: string;
    };

/** Receives events in the order in which they happen. */
export interface Reporter {
  emit(event: ReportEvent): void;
  /** Restores the terminal; called once, also after a failure. */
  close(): Promise<void>;
}
