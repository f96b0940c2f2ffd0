import type { StepTiming } from './step.ts';

/** One step of the chain that decided how long the plan took. */
export interface CriticalStep {
  readonly name: string;
  readonly elapsedMs: number;
}

/**
 * The chain of steps that decided a plan's duration: from the step that ended last, back through the predecessor that ended
 * last, to a step that waited for none (the critical path method, with measured instead of estimated durations).
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
