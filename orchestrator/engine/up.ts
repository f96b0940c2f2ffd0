import { assertOwnOutputs } from '../lake/own-outputs.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Runtime, RuntimeName, ServiceObservation } from '../runtimes/runtime.ts';
import { tellDashboard } from '../services/dashboard.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { SETTING_NAMES } from '../settings/setting-table.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { stackTopic } from '../settings/stack-topic.ts';
import { ProductError } from '../util/product-error.ts';
import {
  type CriticalStep,
  criticalPath,
  type ReportEvent,
  runPlan,
  type StepTiming,
} from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { type EngineContext, withStackLock } from './engine-context.ts';
import { readRecordedStack, recordFailedStart, recordStack, selectRuntime } from './select-runtime.ts';
import { type StackStatus, stackStatus, stackUrls } from './status.ts';
import { FIRST_DATA, upPlan, withLogTail } from './up-plan.ts';

export interface UpOptions {
  /** Whether this checkout first takes over a stack whose own checkout no longer exists. */
  readonly takeOver?: boolean;
  /** Bounds the whole command; each step also has its own deadline. */
  readonly timeoutMs?: number | undefined;
}

/** A stack that was started. Times are milliseconds since the plan's start. */
interface BroughtUp {
  readonly alreadyUp: false;
  readonly runtime: RuntimeName;
  readonly elapsedMs: number;
  readonly criticalPath: readonly CriticalStep[];
  readonly timings: readonly StepTiming[];
  readonly outputPath: string;
  readonly urls: Readonly<Record<string, string>>;
}

/** The stack was ready before, or it was started. */
export type UpResult = BroughtUp | { readonly alreadyUp: true; readonly status: StackStatus };

/**
 * Starts everything that does not run and waits until data is on disk. When it fails or is aborted,
 * it stops what it started.
 * @throws ProductError GATE_TIMEOUT, SERVICE_EXITED, STEP_FAILED; those of the preflight;
 * STACK_RUNNING, FOREIGN_STACK, OTHER_PIPELINE
 */
export function up(context: EngineContext, options: UpOptions = {}): Promise<UpResult> {
  return withStackLock(context, 'up', options.takeOver === true, () => bringUp(context, options));
}

/** Does the work of `up`, for use cases that already hold the stack's lock. */
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
    const { PIPELINE } = config.settings;
    await assertOwnOutputs(runtime.outputPath, {
      pipeline: loadPipeline(PIPELINE, config.projectDir),
      setting: PIPELINE,
      topic: stackTopic(config).name,
    });
    reporter.emit({ type: 'note', text: reason });
    await runtime.preflight(signal);
    recordStack(config, runtime.name, stackTopic(config).name);
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
    await tellDashboard(runtime.addressOf('DASHBOARD_PORT'), {
      kind: 'settings',
      text: settingsText(config),
    });
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

/** Where the stack is belongs to the machine, not to what happens in the stream. */
const PLACE = /_(PORT|DIR|PATH)$/;

/** The settings that the user gave, in words. */
function settingsText({ told }: StackConfig): string {
  const given = SETTING_NAMES.filter((name) => told[name] !== undefined && !PLACE.test(name));
  const texts = given.map((name) => `${name}=${told[name]}`);
  return `the stack was started with ${texts.length === 0 ? 'the default settings' : texts.join(', ')}`;
}

/**
 * Adds the log of a service that was not ready in time, before its container is removed along with
 * its log.
 */
async function withOwnLogTail(error: unknown, runtime: Runtime): Promise<unknown> {
  if (!(error instanceof ProductError) || error.code !== 'GATE_TIMEOUT') return error;
  const service = runtime.services.find(({ name }) => name === error.service);
  return service === undefined ? error : withLogTail(error, runtime, service);
}

/** What is known of a step of the plan that is not done. */
interface OpenStep {
  readonly name: string;
  /** The last detail that it reported; undefined before it was started. */
  detail?: string;
}

/**
 * Bounds work by aborting its signal with an error that names what was not ready, and why.
 * @param timeoutMs no bound when undefined
 * @throws ProductError GATE_TIMEOUT, once the work has ended; what the work throws
 */
async function withDeadline<T>(
  context: EngineContext,
  timeoutMs: number | undefined,
  work: (context: EngineContext) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return work(context);
  const late = new AbortController();
  const open = new Map<string, OpenStep>();
  const timer = setTimeout(() => late.abort(timeoutError(timeoutMs, [...open.values()])), timeoutMs);
  try {
    return await work({
      ...context,
      reporter: {
        emit: (event) => {
          note(open, event);
          context.reporter.emit(event);
        },
        close: () => context.reporter.close(),
      },
      signal: AbortSignal.any([context.signal, late.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

function note(open: Map<string, OpenStep>, event: ReportEvent): void {
  if (event.type === 'plan') for (const { step } of event.steps) open.set(step, { name: step });
  else if (event.type === 'step-started') open.set(event.step, { name: event.step, detail: 'just started' });
  else if (event.type === 'step-detail') open.set(event.step, { name: event.step, detail: event.detail });
  else if (event.type === 'step-done') open.delete(event.step);
}

function timeoutError(timeoutMs: number, open: readonly OpenStep[]): ProductError {
  const begun = open.filter(({ detail }) => detail !== undefined);
  const waiting = open.filter(({ detail }) => detail === undefined).map(({ name }) => name);
  const seen = begun.map(({ name, detail }) => `${name}: ${detail}`);
  const behind = waiting.length === 0 ? [] : [`not started yet: ${waiting.join(', ')}`];
  const what = open.length === 0 ? 'no step had begun' : [...seen, ...behind].join('; ');
  const seconds = timeoutMs / 1000;
  const service = begun.map(({ name }) => serviceOf(name)).find((name) => name !== undefined);
  return new ProductError('GATE_TIMEOUT', {
    message: `The stack was not ready within ${seconds} s (--timeout ${seconds}): ${what}.`,
    hint: `\`${userCommand('up', `--timeout ${2 * seconds}`)}\` waits longer, \`${userCommand('up')}\` as long as each step may take; \`${userCommand('doctor')}\` checks the machine.`,
    ...(service !== undefined && { service }),
  });
}

/** The service whose log explains a step. */
function serviceOf(step: string): ServiceName | undefined {
  return SERVICE_NAMES.find((name) => name === (step === FIRST_DATA ? sparkStreaming.name : step));
}
