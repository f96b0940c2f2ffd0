import { setTimeout as sleep } from 'node:timers/promises';
import type { StackConfig } from '../config/stack-config.ts';
import { goldTriggerIntervalMs, triggerIntervalMs } from '../core/trigger.ts';
import type { VerifyReport } from '../outputs/verify/verify-report.ts';
import { SUPERVISOR } from '../runtime/faults.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { describeFault, type Fault } from './fault.ts';
import { batchAtWork } from './moment.ts';
import { untilRecovered } from './recovery.ts';
import type { ChaosActs } from './run-chaos.ts';
import { makeStrike, type StrikeTools, unableToStrike } from './strike.ts';

/** What a run needs of the stack and of the commands above it. */
export interface ChaosScene {
  readonly config: StackConfig;
  readonly runtime: Runtime;
  /** OUTPUT_PATH on the local disk. */
  readonly outputFolder: string;
  readonly signal: AbortSignal;
  verify(): Promise<VerifyReport>;
  /** What `npm run up` does. */
  bringUp(): Promise<void>;
}

/** Beyond the wait for a trigger: a batch on a slow machine. */
const BATCH_TIMEOUT_MS = 60_000;

/** The watchdog needs milliseconds to end what a killed supervisor has left. */
const TAKEN_DOWN_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/** Chaos on a real stack. */
export function stackActs(scene: ChaosScene): ChaosActs {
  const { config, runtime, outputFolder, signal } = scene;
  const { TRIGGER_INTERVAL, GOLD_TRIGGER_INTERVAL } = config.settings;
  const batchTimeoutMs = triggerIntervalMs(TRIGGER_INTERVAL) + BATCH_TIMEOUT_MS;
  const goldTimeoutMs = goldTriggerIntervalMs(GOLD_TRIGGER_INTERVAL, TRIGGER_INTERVAL) + BATCH_TIMEOUT_MS;
  const tools: StrikeTools = { runtime, outputDir: config.outputDir, outputFolder, batchTimeoutMs, signal };
  return {
    async unable(fault) {
      for (const strike of fault.strikes) {
        const reason = await unableToStrike(strike, tools);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    async awaitBatch(query) {
      // Without one it strikes an idle job: recovery then tells whether the job is well.
      await batchAtWork(outputFolder, query, query === 'gold' ? goldTimeoutMs : batchTimeoutMs, signal);
    },
    strike: (strike, hold) => makeStrike(strike, tools, hold),
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

/** Nobody restarts what restarts services: that is the user's `up`. */
const endsSupervision = ({ strikes }: Fault): boolean =>
  strikes.some(({ action, target }) => action === 'kill' && target === SUPERVISOR);

/** The local supervisor's services end with it; containers run on without their watcher. */
async function untilTakenDown(runtime: Runtime): Promise<void> {
  if (runtime.name !== 'local') return;
  const deadline = performance.now() + TAKEN_DOWN_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if ((await runtime.observe()).every(({ state }) => state !== 'running')) return;
    await sleep(POLL_MS);
  }
  // What is left is for `up` to deal with.
}
