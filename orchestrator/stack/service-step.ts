import type { StackConfig } from '../config/stack-config.ts';
import { type GateExit, waitUntilReady } from '../core/health-gate.ts';
import { ProductError } from '../core/product-error.ts';
import type { SERVICES, ServiceName } from '../core/services.ts';
import type { Step, StepContext } from '../core/step.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { knownCause } from './known-cause.ts';
import { observeService } from './observe-service.ts';
import { serviceProbe } from './service-probes.ts';

/** Sockets answer in microseconds: asking often adds nothing to what a service needs to start. */
export const GATE_INTERVAL_MS = 50;
export const ATTEMPT_TIMEOUT_MS = 5000;

/** Generous deadlines for slow machines; a service that ends is noticed at once, whatever the deadline. */
const GATE_TIMEOUT_MS: Readonly<Record<ServiceName, number>> = {
  zookeeper: 60_000,
  kafka: 120_000,
  'kafka-init': 60_000,
  'spark-master': 120_000,
  'spark-worker': 120_000,
  'spark-streaming': 300_000,
  producer: 120_000,
};

/** Lines of a service's log that its error carries. */
const LOG_TAIL_LINES = 20;

type StartedService = Pick<(typeof SERVICES)[number], 'name' | 'kind'>;

/** Starts one service and waits until its probe says ready. It is undone only if it did not run before. */
export function serviceStep(
  service: StartedService & { readonly title: string },
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
      throw await withLogTail(error, runtime, name);
    }
  };
  const step: Step = { name, title: service.title, after, run };
  return wasRunning ? step : { ...step, undo: () => runtime.stop(name) };
}

/**
 * Waits until a service that was just started is ready; a one-shot, until it has completed.
 * @param restartsBefore how often it had crashed before it was started
 * @throws ProductError GATE_TIMEOUT, SERVICE_EXITED; the signal's reason
 */
export async function untilServiceReady(
  { name, kind }: StartedService,
  restartsBefore: number,
  config: StackConfig,
  runtime: Runtime,
  { signal, onDetail }: StepContext,
): Promise<string> {
  if (kind === 'one-shot') await completion(runtime, name, signal);
  return waitUntilReady(serviceProbe(name, config, runtime), {
    timeoutMs: GATE_TIMEOUT_MS[name],
    intervalMs: GATE_INTERVAL_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    signal,
    onDetail,
    ...(kind === 'daemon' && {
      exited: (within: AbortSignal) => endOf(runtime, name, restartsBefore, within),
    }),
  });
}

/** Waits for a one-shot's end, which must be a good one. */
async function completion(runtime: Runtime, name: ServiceName, signal: AbortSignal): Promise<void> {
  const exit = await runtime.exited(name, signal);
  if (exit.state === 'completed') return;
  throw new ProductError('SERVICE_EXITED', {
    message: `${name} did not complete: ${exit.detail}.`,
    hint: `See \`npm run logs -- ${name}\`.`,
    service: name,
  });
}

/**
 * Resolves when the service has ended, so that a gate need not wait for its deadline. A broker may end once after an unclean
 * stop, because ZooKeeper still holds its ephemeral node until that session is over; only for it, restarts are waited for,
 * unless its log tells that they are in vain.
 */
export async function endOf(
  runtime: Runtime,
  name: ServiceName,
  restartsBefore: number,
  signal: AbortSignal,
): Promise<GateExit> {
  for (;;) {
    signal.throwIfAborted();
    const { state, detail, restarts, recentLines } = await observeService(runtime, name);
    const hasEnded = state !== 'running' || restarts > restartsBefore;
    const mayComeBack = name === 'kafka' && (state === 'running' || state === 'restarting');
    if (hasEnded && !(mayComeBack && !knownCause(name, recentLines))) return { detail };
    await new Promise((resolve) => setTimeout(resolve, GATE_INTERVAL_MS));
  }
}

/** Puts the service's last lines into an error before anything is undone. */
export async function withLogTail(error: unknown, runtime: Runtime, name: ServiceName): Promise<unknown> {
  if (!(error instanceof ProductError) || error.logTail.length > 0) return error;
  const { recentLines } = await observeService(runtime, name);
  const known = knownCause(name, recentLines);
  return new ProductError(error.code, {
    message: known ? `${error.message.replace(/\.$/, '')}. ${known.cause}.` : error.message,
    hint: known?.hint ?? error.hint,
    cause: error.cause,
    service: name,
    logTail: recentLines.slice(-LOG_TAIL_LINES),
  });
}
