import {
  observationOf,
  observeService,
  type Runtime,
  type ServiceObservation,
  untilExited,
} from '../runtimes/runtime.ts';
import { producer } from '../services/producer.ts';
import { knownCauseIn, type Service } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import { firstDataProbe, sparkStreaming } from '../services/spark-streaming.ts';
import { type StackConfig, triggerIntervalMs } from '../settings/stack-config.ts';
import { localPath } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import { type EarlyExit, type Probe, waitUntilReady } from '../util/readiness.ts';
import type { Step, StepContext } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';

/** Name of the last step of `up`: data has arrived. */
export const FIRST_DATA = 'first-data';

/** Time for a first micro-batch on a slow machine, beyond the wait for its trigger. */
const FIRST_DATA_TIMEOUT_MS = 300_000;

/**
 * Returns the ordered plan of `up`: the runtime's setup, each of its services after those that it
 * depends on, and at the end the first micro-batch with data, if the stack has a producer.
 */
export function upPlan(
  config: StackConfig,
  runtime: Runtime,
  before: readonly ServiceObservation[],
): readonly Step[] {
  const setup = runtime.setup();
  const services = runtime.services.map((service) => {
    const prepared = setup.filter((step) => step.neededBy.includes(service.name)).map((step) => step.name);
    const wasRunning = before.some(({ name, state }) => name === service.name && state === 'running');
    return serviceStep(service, [...prepared, ...startsAfter(service, config)], wasRunning, config, runtime);
  });
  // Without a producer nobody may ever send: the stack is ready when every query has fixed its start.
  const hasProducer = runtime.services.some(({ name }) => name === producer.name);
  return [...setup, ...services, ...(hasProducer ? [firstDataStep(config, runtime)] : [])];
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
          intervalMs: TOLD_PROBE_INTERVAL_MS,
          changes: (within) => runtime.subscribe(within),
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

/**
 * Sockets answer in microseconds, so frequent probes add almost nothing to the start of a service.
 */
const PROBE_INTERVAL_MS = 50;

/** For probes that a runtime tells of changes: the files that they read change untold. */
const TOLD_PROBE_INTERVAL_MS = 250;
const ATTEMPT_TIMEOUT_MS = 5000;

/** Lines of a service's log that its error carries. */
const LOG_TAIL_LINES = 20;

/**
 * Starts one service and waits until its probe reports ready. It is undone only if the service did
 * not run before.
 */
function serviceStep(
  service: Service,
  after: readonly string[],
  wasRunning: boolean,
  config: StackConfig,
  runtime: Runtime,
): Step {
  const { name } = service;
  const run = async ({ signal, onDetail }: StepContext): Promise<string> => {
    try {
      const { restarts } = await observeService(runtime, name);
      await runtime.start(name, signal);
      return await untilServiceReady(service, restarts, config, runtime, { signal, onDetail });
    } catch (error) {
      signal.throwIfAborted();
      throw await withLogTail(error, runtime, service);
    }
  };
  const step: Step = { name, title: service.title, after, run };
  return wasRunning ? step : { ...step, undo: () => runtime.stop(name) };
}

/**
 * Waits until a service that was just started is ready; a one-shot, until it has completed.
 * @param restartsBefore how often it had crashed before this start
 * @throws ProductError GATE_TIMEOUT, SERVICE_EXITED; the signal's reason
 */
export async function untilServiceReady(
  service: Service,
  restartsBefore: number,
  config: StackConfig,
  runtime: Runtime,
  { signal, onDetail }: StepContext,
): Promise<string> {
  if (service.kind === 'one-shot') await completion(runtime, service.name, signal);
  const probe = serviceProbe(service, config, runtime);
  return waitUntilReady(probe, {
    timeoutMs: service.readyTimeoutMs,
    intervalMs: probe.readsOutput ? TOLD_PROBE_INTERVAL_MS : PROBE_INTERVAL_MS,
    ...(probe.readsOutput && { changes: (within: AbortSignal) => runtime.subscribe(within) }),
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    signal,
    onDetail,
    ...(service.kind === 'daemon' && {
      exited: (within: AbortSignal) => endOf(runtime, service, restartsBefore, within),
    }),
  });
}

/** Waits until a one-shot has ended, and requires that it succeeded. */
async function completion(runtime: Runtime, name: ServiceName, signal: AbortSignal): Promise<void> {
  const exit = await untilExited(runtime, name, signal);
  if (exit.state === 'completed') return;
  throw new ProductError('SERVICE_EXITED', {
    message: `${name} did not complete: ${exit.detail}.`,
    hint: `See \`${userCommand('logs', name)}\`.`,
    service: name,
  });
}

/**
 * Resolves when the service has ended, so that the wait for its readiness need not last until its
 * deadline. Waits for a restart only if the service may restart before it is ready and its log
 * names no known cause that makes restarts futile.
 */
async function endOf(
  runtime: Runtime,
  service: Service,
  restartsBefore: number,
  signal: AbortSignal,
): Promise<EarlyExit> {
  for await (const services of runtime.subscribe(signal)) {
    const { state, detail, restarts, recentLines } = observationOf(services, service.name);
    const hasEnded = state !== 'running' || restarts > restartsBefore;
    const mayComeBack = service.mayRestartBeforeReady && (state === 'running' || state === 'restarting');
    if (hasEnded && !(mayComeBack && !knownCauseIn(service, recentLines))) return { detail };
  }
  throw new Error('a subscription ended before its signal');
}

/** Adds the service's last lines to an error before anything is undone. */
export async function withLogTail(error: unknown, runtime: Runtime, service: Service): Promise<unknown> {
  if (!(error instanceof ProductError) || error.logTail.length > 0) return error;
  const { recentLines } = await observeService(runtime, service.name);
  const known = knownCauseIn(service, recentLines);
  return new ProductError(error.code, {
    message: known ? `${error.message.replace(/\.$/, '')}. ${known.cause}.` : error.message,
    hint: known?.hint ?? error.hint,
    cause: error.cause,
    service: service.name,
    logTail: recentLines.slice(-LOG_TAIL_LINES),
  });
}

/** The readiness of a service in a runtime. `up` waits for it and `status` asks once. */
export function serviceProbe(service: Service, config: StackConfig, runtime: Runtime): Probe {
  return service.readiness({
    config,
    outputPath: runtime.outputPath,
    addressOf: (setting) => runtime.addressOf(setting),
    observe: () => observeService(runtime, service.name),
  });
}
