import type { StackConfig } from '../config/stack-config.ts';
import { waitUntilReady } from '../core/health-gate.ts';
import { SERVICES } from '../core/services.ts';
import type { Step } from '../core/step.ts';
import { triggerIntervalMs } from '../core/trigger.ts';
import { firstDataProbe } from '../probes/streaming-job.ts';
import type { Runtime, ServiceObservation } from '../runtime/runtime.ts';
import { observeService } from './observe-service.ts';
import { streamingJobView } from './service-probes.ts';
import { ATTEMPT_TIMEOUT_MS, endOf, GATE_INTERVAL_MS, serviceStep, withLogTail } from './service-step.ts';

/** Name of the step that closes `up`: data has arrived. */
export const FIRST_DATA = 'first-data';

/** Room for a first micro-batch on a slow machine, beyond the wait for its trigger. */
const FIRST_DATA_TIMEOUT_MS = 300_000;

/**
 * The ordered plan of `up`: what the runtime must prepare, every service behind those of the table that it follows, and
 * at the end the first micro-batch with data.
 */
export function upPlan(
  config: StackConfig,
  runtime: Runtime,
  before: readonly ServiceObservation[],
): readonly Step[] {
  const preparation = runtime.preparation();
  const services = SERVICES.map((service) => {
    const prepared = preparation
      .filter((step) => step.neededBy.includes(service.name))
      .map((step) => step.name);
    const wasRunning = before.some(({ name, state }) => name === service.name && state === 'running');
    return serviceStep(service, [...prepared, ...startsAfter(service, config)], wasRunning, config, runtime);
  });
  return [...preparation, ...services, firstDataStep(config, runtime)];
}

/** With `latest`, what is sent before the job has fixed its start offsets would never be read: the producer then waits. */
function startsAfter(service: (typeof SERVICES)[number], config: StackConfig): readonly string[] {
  const waits = service.name === 'producer' && config.settings.STARTING_OFFSETS === 'latest';
  return waits ? [...service.after, 'spark-streaming'] : service.after;
}

function firstDataStep(config: StackConfig, runtime: Runtime): Step {
  const { TRIGGER_INTERVAL } = config.settings;
  return {
    name: FIRST_DATA,
    title: 'First data on disk',
    after: ['spark-streaming', 'producer'],
    async run({ signal, onDetail }) {
      try {
        const { restarts } = await observeService(runtime, 'spark-streaming');
        return await waitUntilReady(firstDataProbe(streamingJobView(runtime), TRIGGER_INTERVAL), {
          timeoutMs: triggerIntervalMs(TRIGGER_INTERVAL) + FIRST_DATA_TIMEOUT_MS,
          intervalMs: GATE_INTERVAL_MS,
          attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
          signal,
          onDetail,
          exited: (within) => endOf(runtime, 'spark-streaming', restarts, within),
        });
      } catch (error) {
        signal.throwIfAborted();
        throw await withLogTail(error, runtime, 'spark-streaming');
      }
    },
  };
}
