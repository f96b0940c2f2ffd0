import type { Reporter } from '../core/reporter.ts';

/** Steps of a command, one after the other, shown with their progress. */
export interface ReportedSteps {
  /**
   * Does a step's work.
   * @param summary what is said of it when it is done; its own text where it gives one
   */
  run<T>(
    step: string,
    work: (onDetail: (detail: string) => void) => Promise<T>,
    summary?: (outcome: T) => string,
  ): Promise<T>;
}

/** Announces the steps, if there are any. */
export function reportedSteps(
  reporter: Reporter,
  steps: readonly { readonly step: string; readonly title: string }[],
): ReportedSteps {
  if (steps.length > 0) reporter.emit({ type: 'plan', steps: steps.map((step) => ({ ...step, after: [] })) });
  return {
    async run(step, work, summary = String) {
      const startedMs = performance.now();
      const elapsedMs = () => performance.now() - startedMs;
      const title = steps.find((known) => known.step === step)?.title ?? step;
      reporter.emit({ type: 'step-started', step, title });
      try {
        const outcome = await work((detail) => reporter.emit({ type: 'step-detail', step, detail }));
        const detail = summary(outcome);
        reporter.emit({ type: 'step-done', step, detail, elapsedMs: elapsedMs() });
        return outcome;
      } catch (error) {
        reporter.emit({ type: 'step-failed', step, error, elapsedMs: elapsedMs() });
        throw error;
      }
    },
  };
}
