import { setTimeout as sleep } from 'node:timers/promises';
import { INGEST } from '../lake/checkpoint.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { type HeldFault, heldFault, NothingToBreak, SUPERVISOR } from '../runtimes/faults.ts';
import type { Runtime, SetupStep } from '../runtimes/runtime.ts';
import { kafka } from '../services/kafka.ts';
import { goldTriggerIntervalMs, type StackConfig, triggerIntervalMs } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';
import { runPlan } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import type { VerifyReport } from '../verify/report.ts';
import { describeFault, type Fault, type Injection } from './fault.ts';
import { type ChaosActs, untilRecovered } from './run-chaos.ts';
import { batchAtWork, canFill, fillOutputs, truncateStaged } from './staged-files.ts';

/** What injections act through. */
interface InjectionTools {
  readonly runtime: Runtime;
  readonly outputDir: string;
  /** OUTPUT_PATH on the local disk. */
  readonly outputFolder: string;
  /** How long to wait for a micro-batch. */
  readonly batchTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** An executor is replaced some seconds after its worker or driver was. */
const TARGET_TIMEOUT_MS = 60_000;
const POLL_MS = 250;

/** Why an injection is impossible on this machine; undefined when it is possible. */
async function unableToInject(injection: Injection, tools: InjectionTools): Promise<string | undefined> {
  const faults = tools.runtime.faults();
  if (injection.action === 'kill' || injection.action === 'pause') {
    return faults.unable(injection.action, injection.target);
  }
  if (injection.action !== 'disk-full' || (await canFill(tools.outputDir))) return undefined;
  return faults.unable('limit-file-size');
}

/**
 * Makes one injection.
 * @param hold receives what has to be reverted, before or as soon as it is injected
 * @returns what was hit
 * @throws ProductError STEP_FAILED when there is nothing to hit
 */
async function injectFault(
  injection: Injection,
  tools: InjectionTools,
  hold: (held: HeldFault) => void,
): Promise<string> {
  const { runtime, signal } = tools;
  const held = async (fault: Promise<HeldFault>): Promise<string> => {
    const made = await fault;
    hold(made);
    return made.on;
  };
  switch (injection.action) {
    case 'kill':
      return onceThere(tools, () => runtime.faults().kill(injection.target));
    case 'pause':
      return onceThere(tools, () => held(runtime.faults().pause(injection.target)));
    case 'restart':
      return restartBroker(runtime, hold, signal);
    case 'disk-full':
      return held(
        (await canFill(tools.outputDir))
          ? fillOutputs(tools.outputDir)
          : runtime.faults().limitFileSize(injection.fileBytes),
      );
    case 'truncate':
      return truncateStaged(tools.outputFolder, injection.keep, tools.batchTimeoutMs, signal);
  }
}

/** Injects as soon as the target has a process. */
async function onceThere<T>(tools: InjectionTools, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + TARGET_TIMEOUT_MS;
  for (;;) {
    tools.signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NothingToBreak)) throw error;
      if (performance.now() < deadline) {
        await sleep(POLL_MS);
        continue;
      }
      throw new ProductError('STEP_FAILED', {
        message: `${error.message} within ${TARGET_TIMEOUT_MS / 1000} s.`,
        hint: `\`${userCommand('status')}\` shows what runs.`,
        cause: error,
      });
    }
  }
}

/** What a run needs of the stack and of the command that starts it. */
export interface ChaosScene {
  readonly config: StackConfig;
  readonly runtime: Runtime;
  /** OUTPUT_PATH on the local disk. */
  readonly outputFolder: string;
  readonly signal: AbortSignal;
  verify(): Promise<VerifyReport>;
  /** Does what `npm run up` does. */
  bringUp(): Promise<void>;
}

/** Time for a batch on a slow machine, beyond the wait for a trigger. */
const BATCH_TIMEOUT_MS = 60_000;

/** The watchdog needs milliseconds to end what a killed supervisor has left. */
const TAKEN_DOWN_TIMEOUT_MS = 15_000;
const STACK_POLL_MS = 50;

/** Implements chaos on a real stack. */
export function stackActs(scene: ChaosScene): ChaosActs {
  const { config, runtime, outputFolder, signal } = scene;
  const { TRIGGER_INTERVAL, GOLD_TRIGGER_INTERVAL } = config.settings;
  const batchTimeoutMs = triggerIntervalMs(TRIGGER_INTERVAL) + BATCH_TIMEOUT_MS;
  // The first gold table of the pipeline; without one, such a fault hits a batch of `ingest`.
  const table = loadPipeline(config.settings.PIPELINE, config.projectDir).gold[0]?.name;
  const goldTimeoutMs = goldTriggerIntervalMs(GOLD_TRIGGER_INTERVAL, TRIGGER_INTERVAL) + BATCH_TIMEOUT_MS;
  const tools: InjectionTools = {
    runtime,
    outputDir: config.outputDir,
    outputFolder,
    batchTimeoutMs,
    signal,
  };
  return {
    async unable(fault) {
      for (const injection of fault.strikes) {
        const reason = await unableToInject(injection, tools);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    async waitForBatch(query) {
      // When no micro-batch starts in time, the fault hits an idle job. Recovery then shows whether
      // the job is well.
      const isOfGold = query === 'gold' && table !== undefined;
      const [name, timeoutMs] = isOfGold ? [table, goldTimeoutMs] : [INGEST, batchTimeoutMs];
      await batchAtWork(outputFolder, name, timeoutMs, signal);
    },
    inject: (injection, hold) => injectFault(injection, tools, hold),
    async recover(fault) {
      if (endsSupervision(fault)) {
        await untilTakenDown(runtime);
        await scene.bringUp();
      }
      await untilRecovered(`after fault ${fault.number} (${describeFault(fault)})`, config, runtime, signal);
    },
    verify: () => scene.verify(),
  };
}

/** Nothing restarts what restarts services, so the user's `up` must. */
const endsSupervision = ({ strikes }: Fault): boolean =>
  strikes.some(({ action, target }) => action === 'kill' && target === SUPERVISOR);

/** The local supervisor's services end with it; containers keep running without their watcher. */
async function untilTakenDown(runtime: Runtime): Promise<void> {
  if (runtime.name !== 'local') return;
  const deadline = performance.now() + TAKEN_DOWN_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if ((await runtime.observe()).every(({ state }) => state !== 'running')) return;
    await sleep(STACK_POLL_MS);
  }
  // `up` deals with what is left.
}

const BROKER = kafka.name;

/**
 * Stops the broker in good order; reverting the fault starts it again. The setup for a start runs
 * first: a broker that this process could not start again must not be stopped.
 * @param hold receives the fault before anything is stopped
 * @returns what was hit
 */
export async function restartBroker(
  runtime: Runtime,
  hold: (held: HeldFault) => void,
  signal: AbortSignal,
): Promise<string> {
  await runPlan(neededBy(runtime.setup()), { emit() {}, async close() {} }, signal);
  hold(heldFault(BROKER, () => runtime.start(BROKER, new AbortController().signal)));
  await runtime.stop(BROKER);
  return BROKER;
}

/** Returns the broker's setup steps, and the steps that they depend on. */
function neededBy(steps: readonly SetupStep[]): readonly SetupStep[] {
  const wanted = new Set(steps.filter((step) => step.neededBy.includes(BROKER)).map(({ name }) => name));
  for (const name of wanted) {
    for (const before of steps.find((step) => step.name === name)?.after ?? []) wanted.add(before);
  }
  return steps.filter(({ name }) => wanted.has(name));
}
