import { join } from 'node:path';
import type { StackConfig } from '../settings/stack-config.ts';
import { describeHolder, livingHolder, tryFileLock } from '../util/file-lock.ts';
import { ProductError } from '../util/product-error.ts';
import type { Reporter } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { assertOwnFolders, type selectRuntime } from './select-runtime.ts';

/** What every use case of a stack works with. */
export interface EngineContext {
  readonly config: StackConfig;
  /** Receives progress events. The result is what a use case returns or throws. */
  readonly reporter: Reporter;
  /** An aborted use case throws its reason, once nothing is left half done. */
  readonly signal: AbortSignal;
  /** Finds the runtime; the stack's own when absent. */
  readonly select?: typeof selectRuntime;
}

/**
 * Runs work that changes the stack while no other command does, and only on a stack of this
 * checkout.
 * @param command its display name, as it is typed behind `npm run`
 * @param takeOver whether this checkout takes over a stack whose own checkout no longer exists
 * @throws ProductError STACK_RUNNING when another process works on the stack, FOREIGN_STACK
 */
export async function withStackLock<T>(
  { config }: { readonly config: StackConfig },
  command: string,
  takeOver: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const attempt = await tryFileLock(join(config.runDir, 'command.lock'));
  if (!attempt.lock) {
    const { holder } = attempt;
    const pid = livingHolder(holder)?.pid;
    throw new ProductError('STACK_RUNNING', {
      message: `\`${command}\` cannot begin: another command (${describeHolder(holder)}) is changing the stack in ${config.runDir}.`,
      hint: `Wait for it${pid === undefined ? '' : `, or end it with Ctrl-C (or \`kill ${pid}\`)`}, then run \`${userCommand(command)}\` again.`,
    });
  }
  try {
    assertOwnFolders(config, takeOver);
    return await work();
  } finally {
    attempt.lock.release();
  }
}

/** Runs the steps of a command one after the other and reports their progress. */
export interface ReportedSteps {
  /**
   * Runs one step.
   * @param summary reported when the step is done, unless the step returns its own text
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
