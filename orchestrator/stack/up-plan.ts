import type { StackConfig } from '../config/stack-config.ts';
import { waitUntilReady } from '../core/health-gate.ts';
import { localPath } from '../core/local-path.ts';
import type { Step } from '../core/step.ts';
import { triggerIntervalMs } from '../core/trigger.ts';
import { firstDataProbe } from '../probes/streaming-job.ts';
import type { Runtime, ServiceObservation } from '../runtime/runtime.ts';
import { producer } from '../services/producer.ts';
import type { Service } from '../services/service.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import { observeService } from './observe-service.ts';
import { ATTEMPT_TIMEOUT_MS, endOf, GATE_INTERVAL_MS, serviceStep, withLogTail } from './service-step.ts';

/** Name of the step that closes `up`: data has arrived. */
export const FIRST_DATA = 'first-data';

/** Room for a first micro-batch on a slow machine, beyond the wait for its trigger. */
const FIRST_DATA_TIMEOUT_MS = 300_000;

/**
 * The ordered plan of `up`: what the runtime must prepare, each of its services behind those that it follows, and
 * at the end the first micro-batch with data.
 */
export function upPlan(
  config: StackConfig,
  runtime: Runtime,
  before: readonly ServiceObservation[],
): readonly Step[] {
  const preparation = runtime.preparation();
  const services = runtime.services.map((service) => {
    const prepared = preparation
      .filter((step) => step.neededBy.includes(service.name))
      .map((step) => step.name);
    const wasRunning = before.some(({ name, state }) => name === service.name && state === 'running');
    return serviceStep(service, [...prepared, ...startsAfter(service, config)], wasRunning, config, runtime);
  });
  return [...preparation, ...services, firstDataStep(config, runtime)];
}

function startsAfter({ after, afterWith }: Service, { settings }: StackConfig): readonly string[] {
  return [...after, ...(afterWith?.(settings) ?? [])];
}

function firstDataStep(config: StackConfig, runtime: Runtime): Step {
  const { TRIGGER_INTERVAL } = config.settings;
  return {
    name: FIRST_DATA,
    title: 'First data on disk',
    after: [sparkStreaming.name, producer.name],
    async run({ signal, onDetail }) {
      try {
        const { restarts } = await observeService(runtime, sparkStreaming.name);
        const view = {
          observe: () => observeService(runtime, sparkStreaming.name),
          outputPath: localPath(runtime.outputPath),
        };
        return await waitUntilReady(firstDataProbe(view, TRIGGER_INTERVAL), {
          timeoutMs: triggerIntervalMs(TRIGGER_INTERVAL) + FIRST_DATA_TIMEOUT_MS,
          intervalMs: GATE_INTERVAL_MS,
          attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
          signal,
          onDetail,
          exited: (within) => endOf(runtime, sparkStreaming, restarts, within),
        });
      } catch (error) {
        signal.throwIfAborted();
        throw await withLogTail(error, runtime, sparkStreaming);
      }
    },
  };
}
