import { type CriticalStep, criticalPath } from '../core/critical-path.ts';
import { ProductError } from '../core/product-error.ts';
import { runPlan } from '../core/run-plan.ts';
import type { StepTiming } from '../core/step.ts';
import type { Runtime, RuntimeName, ServiceObservation } from '../runtime/runtime.ts';
import { readRecordedStack, recordFailedStart, recordStack } from '../stack/recorded-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { type StackStatus, stackStatus, stackUrls } from '../stack/service-status.ts';
import { withLogTail } from '../stack/service-step.ts';
import { upPlan } from '../stack/up-plan.ts';
import { withDeadline } from './deadline.ts';
import type { EngineContext } from './engine-context.ts';
import { withStackLock } from './stack-lock.ts';

export interface UpOptions {
  /** Whether the stack of a checkout that is not there any more becomes this one's first. */
  readonly takeOver?: boolean;
  /** Bounds the whole of it; each step has a deadline of its own besides. */
  readonly timeoutMs?: number | undefined;
}

/** A stack that was brought up. Times are milliseconds since the plan's start. */
export interface BroughtUp {
  readonly alreadyUp: false;
  readonly runtime: RuntimeName;
  readonly elapsedMs: number;
  readonly criticalPath: readonly CriticalStep[];
  readonly timings: readonly StepTiming[];
  readonly outputPath: string;
  readonly urls: Readonly<Record<string, string>>;
}

/** Either it was ready before, or it was brought up. */
export type UpResult = BroughtUp | { readonly alreadyUp: true; readonly status: StackStatus };

/**
 * Starts everything that does not run and waits until data is on disk. What it started is stopped when it fails or is aborted.
 * @throws ProductError GATE_TIMEOUT, SERVICE_EXITED, STEP_FAILED; those of the preflight; STACK_RUNNING, FOREIGN_STACK
 */
export function up(context: EngineContext, options: UpOptions = {}): Promise<UpResult> {
  return withStackLock(context, 'up', options.takeOver === true, () => bringUp(context, options));
}

/** The work of `up`, for use cases that hold the stack's lock already. */
export function bringUp(context: EngineContext, options: UpOptions = {}): Promise<UpResult> {
  return withDeadline(context, options.timeoutMs, (bounded) => startUnlessReady(bounded, options));
}

async function startUnlessReady(context: EngineContext, { takeOver = false }: UpOptions): Promise<UpResult> {
  const { config, reporter, signal, select = selectRuntime } = context;
  const { runtime, reason } = await select(config, reporter);
  try {
    if (takeOver) await runtime.takeOver();
    const recorded = readRecordedStack(config);
    const before = await runtime.observe();
    if (recorded?.running) {
      const status = await stackStatus(config, runtime);
      if (status.ready) {
        await runtime.superviseAgain();
        return { alreadyUp: true, status };
      }
    }
    reporter.emit({ type: 'note', text: reason });
    await runtime.preflight(signal);
    recordStack(config, runtime.name);
    return await start(context, runtime, before);
  } finally {
    await runtime.close();
  }
}

async function start(
  { config, reporter, signal }: EngineContext,
  runtime: Runtime,
  before: readonly ServiceObservation[],
): Promise<BroughtUp> {
  const startedNothingYet = before.every(({ state }) => state !== 'running' && state !== 'restarting');
  try {
    const { timings, elapsedMs } = await runPlan(upPlan(config, runtime, before), reporter, signal);
    return {
      alreadyUp: false,
      runtime: runtime.name,
      elapsedMs,
      criticalPath: criticalPath(timings),
      timings,
      outputPath: runtime.outputPath,
      urls: stackUrls(runtime),
    };
  } catch (error) {
    const explained = await withOwnLogTail(error, runtime);
    if (startedNothingYet) {
      await runtime.down();
      recordFailedStart(config, runtime.outputPath);
    }
    throw explained;
  }
}

/** Of a service that was not ready in time, before its container goes with its log. */
async function withOwnLogTail(error: unknown, runtime: Runtime): Promise<unknown> {
  if (!(error instanceof ProductError) || error.code !== 'GATE_TIMEOUT') return error;
  const service = runtime.services.find(({ name }) => name === error.service);
  return service === undefined ? error : withLogTail(error, runtime, service);
}
