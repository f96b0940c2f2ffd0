import { shortened } from '../../producer/shown-value.ts';
import type { StackConfig } from '../config/stack-config.ts';
import { ProductError } from '../core/product-error.ts';
import type { Reporter } from '../core/reporter.ts';
import { runPlan } from '../core/run-plan.ts';
import type { Step } from '../core/step.ts';
import type { Runtime, RuntimeName } from '../runtime/runtime.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICES } from '../services/services.ts';
import { SETTING_NAMES } from '../settings/setting-table.ts';
import { standingConfig } from '../stack/resolve-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { untilServiceReady, withLogTail } from '../stack/service-step.ts';
import type { EngineContext } from './engine-context.ts';
import { withStackLock } from './stack-lock.ts';

/** A service that was restarted and is ready. */
export interface RestartedService {
  readonly name: ServiceName;
  /** From its stop until it was ready. */
  readonly elapsedMs: number;
  /** What makes it ready. */
  readonly detail: string;
}

/** The services that were restarted, in the order of the start. */
export interface Restarted {
  readonly runtime: RuntimeName;
  readonly restarted: readonly RestartedService[];
  readonly elapsedMs: number;
}

/**
 * Restarts services of the running stack as they were started, one after the other where one follows the other, and waits until
 * each is ready again. Services that follow them are left running: they recover by themselves. What could not be made ready is
 * left as it is.
 * @throws ProductError STACK_NOT_RUNNING, STACK_RUNNING, FOREIGN_STACK, GATE_TIMEOUT, SERVICE_EXITED, STEP_FAILED
 */
export async function restart(
  { config, reporter, signal, select = selectRuntime }: EngineContext,
  services: readonly ServiceName[],
): Promise<Restarted> {
  const names = SERVICES.map(({ name }) => name).filter((name) => services.includes(name));
  return withStackLock({ config }, `restart -- ${names.join(' ')}`, false, async () => {
    const standing = standingConfig(config);
    const { runtime } = await select(standing, reporter);
    try {
      await runtime.assertOwn();
      await assertRunning(standing, runtime, names);
      warnOfOtherSettings(config, standing, names, reporter);
      const ready = new Map<ServiceName, RestartedService>();
      const steps = names.map((name) => restartStep(name, names, standing, runtime, ready));
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
  const observed = await runtime.observe();
  if (observed.some(({ state }) => state === 'running' || state === 'restarting')) return;
  throw new ProductError('STACK_NOT_RUNNING', {
    message: `${names.join(', ')} cannot be restarted: nothing of the stack in ${runDir} runs.`,
    hint: 'Run `npm run up`, which starts everything.',
  });
}

/** A service that has failed for good may be given other settings: that is what `up` is for. */
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
    text: `${names.join(', ')} restart with what they were started with, ${list.join(', ')}; \`npm run up\` starts what has failed with what is given now`,
  });
}

function restartStep(
  name: ServiceName,
  names: readonly ServiceName[],
  config: StackConfig,
  runtime: Runtime,
  ready: Map<ServiceName, RestartedService>,
): Step {
  const service = SERVICES.find((known) => known.name === name);
  if (!service) throw new Error(`unknown service ${name}`);
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

/** Whether a service is among those that others wait for, directly or through services between. */
function leadsTo(service: ServiceName, waitedFor: readonly ServiceName[]): boolean {
  return waitedFor.some(
    (name) =>
      name === service || leadsTo(service, SERVICES.find((known) => known.name === name)?.after ?? []),
  );
}
