import { shortened } from '../../producer/errors.ts';
import { planOutputsWipe } from '../lake/wipe-outputs.ts';
import type { Runtime, RuntimeName } from '../runtimes/runtime.ts';
import { namesOf, type Service, serviceNamed } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICES } from '../services/services.ts';
import { SETTING_NAMES } from '../settings/setting-table.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';
import { type Reporter, runPlan, type Step } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { type EngineContext, withStackLock } from './engine-context.ts';
import { standingConfig } from './resolve-stack.ts';
import { forgetStack, recordStopped, selectRuntime } from './select-runtime.ts';
import { bringUp, type UpResult } from './up.ts';
import { untilServiceReady, withLogTail } from './up-plan.ts';

export interface DownOptions {
  /** Whether this checkout first takes over a stack whose own checkout no longer exists. */
  readonly takeOver?: boolean;
}

/** The services that `down` stopped. */
export interface Stopped {
  readonly runtime: RuntimeName;
  readonly stopped: readonly ServiceName[];
}

/**
 * Stops everything of the stack and keeps its data.
 * @throws ProductError STOP_FAILED, STACK_RUNNING, FOREIGN_STACK
 */
export function down(context: EngineContext, options: DownOptions = {}): Promise<Stopped> {
  return withStackLock(context, 'down', options.takeOver === true, () => bringDown(context, options));
}

/** Does the work of `down`, for use cases that already hold the stack's lock. */
async function bringDown(
  { config, reporter, select = selectRuntime }: EngineContext,
  { takeOver = false }: DownOptions = {},
): Promise<Stopped> {
  const { runtime } = await select(config, reporter);
  try {
    const taken = takeOver ? await runtime.takeOver() : [];
    const stopped = [...taken, ...(await runtime.down())];
    recordStopped(config);
    return { runtime: runtime.name, stopped };
  } finally {
    await runtime.close();
  }
}

/** Describes what was stopped, for people. */
export function stoppedText({ stopped }: Stopped): string {
  return stopped.length === 0
    ? 'Nothing was running.'
    : `Stopped ${stopped.join(', ')}. Data and outputs stay.`;
}

export interface ResetOptions {
  /** Whether Kafka's and ZooKeeper's data are kept. */
  readonly keepTopic?: boolean;
  /** Whether the stack is left stopped. */
  readonly onlyWipe?: boolean;
  /** Whether this checkout first takes over a stack whose own checkout no longer exists. */
  readonly takeOver?: boolean;
}

/** What `reset` stopped and deleted. */
export interface Wiped extends Stopped {
  readonly wiped: readonly string[];
  readonly keptTopic: boolean;
}

export interface ResetResult {
  readonly wiped: Wiped;
  /** The new start; absent when the stack was only wiped. */
  readonly up?: UpResult;
}

/**
 * Stops everything, wipes what the stack made, and starts it again.
 * @throws ProductError FOREIGN_FILES having deleted nothing, and all errors of `down` and `up`
 */
export function reset(context: EngineContext, options: ResetOptions = {}): Promise<ResetResult> {
  return withStackLock(context, 'reset', options.takeOver === true, async () => {
    const wiped = await stopAndWipe(context, options);
    if (options.onlyWipe) return { wiped };
    // The event precedes the start, because a failed `up` leaves only its error as the result.
    context.reporter.emit({ type: 'progress', event: 'wiped', data: { ...wiped }, text: wipedText(wiped) });
    return { wiped, up: await bringUp(options.keepTopic ? context : withoutData(context)) };
  });
}

/** Describes what was stopped and deleted, for people. */
export function wipedText(done: Wiped): string {
  const wiped = done.wiped.length === 0 ? 'There was nothing to wipe.' : `Wiped ${done.wiped.join(', ')}.`;
  return `${stoppedText(done)}\n${wiped}`;
}

async function stopAndWipe(
  context: EngineContext,
  { keepTopic = false, takeOver = false }: ResetOptions,
): Promise<Wiped> {
  const { reporter, select = selectRuntime } = context;
  // The wipe follows the stack's record; flags apply only to the next start.
  const config = standingConfig(context.config);
  const { runtime } = await select(config, reporter);
  try {
    // Every check that can refuse runs here, before anything is stopped or deleted.
    if (!takeOver) await runtime.assertOwn();
    const outputs = await planOutputsWipe(runtime.outputPath, config.outputDir, { keepTopic });
    const stopped = await bringDown({ ...context, config }, { takeOver });
    const wiped = [...(await runtime.wipe({ keepTopic })), ...(await outputs.wipe())];
    if (!keepTopic) forgetStack(config);
    return { ...stopped, wiped, keptTopic: keepTopic };
  } finally {
    await runtime.close();
  }
}

/** A stack without data may use any runtime. */
function withoutData({ config, ...context }: EngineContext): EngineContext {
  const settings = { ...config.settings, RUNTIME: config.askedRuntime };
  return { ...context, config: { ...config, settings } };
}

/** A service that was restarted and is ready. */
interface RestartedService {
  readonly name: ServiceName;
  /** From its stop until it was ready. */
  readonly elapsedMs: number;
  /** Why it counts as ready. */
  readonly detail: string;
}

/** The services that were restarted, in start order. */
export interface Restarted {
  readonly runtime: RuntimeName;
  readonly restarted: readonly RestartedService[];
  readonly elapsedMs: number;
}

/**
 * Restarts services of the running stack with the settings they were started with, and waits until
 * each is ready again. A service that depends on another one restarts after it. Dependants that
 * were not named are left running: they recover by themselves. A service that does not become ready
 * is left as it is.
 * @throws ProductError STACK_NOT_RUNNING, STACK_RUNNING, FOREIGN_STACK, GATE_TIMEOUT,
 * SERVICE_EXITED, STEP_FAILED
 */
export async function restart(
  { config, reporter, signal, select = selectRuntime }: EngineContext,
  services: readonly ServiceName[],
): Promise<Restarted> {
  const chosen = SERVICES.filter(({ name }) => services.includes(name));
  const names = namesOf(chosen);
  return withStackLock({ config }, `restart -- ${names.join(' ')}`, false, async () => {
    const standing = standingConfig(config);
    const { runtime } = await select(standing, reporter);
    try {
      await runtime.assertOwn();
      await assertRunning(standing, runtime, names);
      warnOfOtherSettings(config, standing, names, reporter);
      const ready = new Map<ServiceName, RestartedService>();
      const steps = chosen.map((service) => restartStep(service, names, standing, runtime, ready));
      const { elapsedMs } = await runPlan(steps, reporter, signal);
      const restarted = names.flatMap((name) => ready.get(name) ?? []);
      return { runtime: runtime.name, restarted, elapsedMs: Math.round(elapsedMs) };
    } finally {
      await runtime.close();
    }
  });
}

/** @throws ProductError STACK_NOT_RUNNING */
async function assertRunning(
  { runDir }: StackConfig,
  runtime: Runtime,
  names: readonly ServiceName[],
): Promise<void> {
  const absent = names.filter((name) => !runtime.services.some((service) => service.name === name));
  if (absent.length > 0) {
    throw new ProductError('STACK_NOT_RUNNING', {
      message: `${absent.join(', ')} cannot be restarted: the stack in ${runDir} was started without it (PRODUCERS=0).`,
      hint: `\`${userCommand('down')}\`, then \`${userCommand('up', '--producers 1')}\` starts the stack with it.`,
    });
  }
  const observed = await runtime.observe();
  if (observed.some(({ state }) => state === 'running' || state === 'restarting')) return;
  throw new ProductError('STACK_NOT_RUNNING', {
    message: `${names.join(', ')} cannot be restarted: nothing of the stack in ${runDir} runs.`,
    hint: `Run \`${userCommand('up')}\`, which starts everything.`,
  });
}

/** Only `up` may give other settings to a service that has failed for good. */
function warnOfOtherSettings(
  given: StackConfig,
  standing: StackConfig,
  names: readonly ServiceName[],
  reporter: Reporter,
): void {
  const other = SETTING_NAMES.filter((name) => given.settings[name] !== standing.settings[name]);
  if (other.length === 0) return;
  const list = other.map((name) => `${name}=${shortened(String(standing.settings[name] ?? 'unset'))}`);
  reporter.emit({
    type: 'warning',
    text: `${names.join(', ')} restart with the settings they were started with, ${list.join(', ')}; \`${userCommand('up')}\` starts failed services with the settings given now`,
  });
}

function restartStep(
  service: Service,
  names: readonly ServiceName[],
  config: StackConfig,
  runtime: Runtime,
  ready: Map<ServiceName, RestartedService>,
): Step {
  const { name } = service;
  return {
    name,
    title: service.title,
    after: names.filter((other) => leadsTo(other, service.after)),
    async run(context) {
      const startedMs = performance.now();
      try {
        context.onDetail('stops and starts');
        await runtime.restart(name);
        context.signal.throwIfAborted();
        const detail = await untilServiceReady(service, 0, config, runtime, context);
        ready.set(name, { name, elapsedMs: Math.round(performance.now() - startedMs), detail });
        return detail;
      } catch (error) {
        context.signal.throwIfAborted();
        throw await withLogTail(error, runtime, service);
      }
    },
  };
}

/** Whether other services wait for this service, directly or through services between them. */
function leadsTo(service: ServiceName, waitedFor: readonly ServiceName[]): boolean {
  return waitedFor.some((name) => name === service || leadsTo(service, serviceNamed(SERVICES, name).after));
}
