import type { StreamStatus } from '../lake/progress/stream-status.ts';
import type { RunState, Runtime, ServiceObservation } from '../runtimes/runtime.ts';
import { portsOf, serviceNamed } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import { sparkStreaming } from '../services/spark-streaming.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { messageOf } from '../util/product-error.ts';
import { notReady, type Probe, type ProbeAnswer } from '../util/readiness.ts';
import { Changes, pause } from '../util/wait.ts';
import { type EngineContext, reportedSteps } from './engine-context.ts';
import { selectRuntime, warnOfOtherOwner } from './select-runtime.ts';
import { streamReport } from './stream-status.ts';
import { serviceProbe } from './up-plan.ts';

export interface StatusOptions {
  /** How long to wait at most until everything is ready; undefined asks once. */
  readonly waitMs?: number | undefined;
}

/** Observes the stack, ready or not. A service that has failed for good ends a wait at once. */
export async function status(
  { config, reporter, signal, select = selectRuntime }: EngineContext,
  { waitMs }: StatusOptions = {},
): Promise<StackStatus> {
  const { runtime } = await select(config, reporter);
  const look = () => stackStatus(config, runtime);
  try {
    await warnOfOtherOwner(config, runtime, reporter);
    if (waitMs === undefined) return await look();
    const steps = reportedSteps(reporter, [{ step: 'wait', title: 'wait until everything is ready' }]);
    return await steps.run(
      'wait',
      (onDetail) =>
        waitForReady({
          look,
          changes: (within) => runtime.subscribe(within),
          timeoutMs: waitMs,
          signal,
          onDetail,
        }),
      ({ ready }) => (ready ? 'everything is ready' : 'not ready'),
    );
  } finally {
    await runtime.close();
  }
}

/** A service in the status. */
export interface ServiceStatus {
  readonly name: ServiceName;
  /** Whether it runs as a process of this machine or in a container. */
  readonly placement: 'process' | 'container';
  readonly state: 'starting' | 'ready' | 'failed' | 'stopped' | 'completed';
  readonly pid?: number;
  readonly container?: string;
  readonly restarts: number;
  /** ISO-8601, UTC. */
  readonly since: string;
  readonly detail: string;
  /** The last 20 lines of a service that failed, for people. */
  readonly log?: readonly string[];
}

/** The status of a stack. */
export interface StackStatus {
  readonly runtime: Runtime['name'];
  /** Whether every daemon is ready and every one-shot has completed. */
  readonly ready: boolean;
  /** The pipeline's name. */
  readonly pipeline: string;
  readonly services: readonly ServiceStatus[];
  readonly urls: Readonly<Record<string, string>>;
  readonly stream: StreamStatus;
  /** Hints about event time for people, one sentence each without its full stop. */
  readonly notes: readonly string[];
}

/** A service in `status --json`: `pid` of a running process, `container` of a created container. */
type ServiceDocument = Omit<ServiceStatus, 'log'>;

/** The document of `status --json`, a contract: it has these fields and no others. */
interface StatusDocument extends Omit<StackStatus, 'services' | 'notes'> {
  readonly services: readonly ServiceDocument[];
}

/** Returns the status for scripts, without what only people read: log lines and notes. */
export function statusJson({ notes: _notes, services, ...status }: StackStatus) {
  const document: StatusDocument = {
    ...status,
    services: services.map(({ log: _log, ...service }) => service),
  };
  return { ...document };
}

const PROBE_TIMEOUT_MS = 3000;

/** Asks the runtime what runs, and the probe of every running service once, in parallel. */
export async function stackStatus(config: StackConfig, runtime: Runtime): Promise<StackStatus> {
  const observations = await runtime.observe();
  const services = await Promise.all(
    observations.map(async (observation) => {
      const probe = serviceProbe(serviceNamed(runtime.services, observation.name), config, runtime);
      const placement = runtime.name === 'compose' ? 'container' : 'process';
      return serviceStatus(
        observation,
        placement,
        observation.state === 'running' ? await askOnce(probe) : undefined,
      );
    }),
  );
  const job = observations.find(({ name }) => name === sparkStreaming.name);
  const { pipeline, stream, notes } = streamReport(config, job?.recentLines ?? [], Date.now());
  return {
    runtime: runtime.name,
    ready: services.every(({ state }) => state === 'ready' || state === 'completed'),
    pipeline,
    services,
    urls: stackUrls(runtime),
    stream,
    notes,
  };
}

/** Returns the web pages of the services, by service name. */
export function stackUrls(
  runtime: Pick<Runtime, 'services' | 'addressOf'>,
): Readonly<Record<string, string>> {
  const pages = portsOf(runtime.services).filter(({ port }) => port.serves === 'page');
  return Object.fromEntries(
    pages.map(({ port, service }) => [
      service.name,
      `http://localhost:${runtime.addressOf(port.setting).port}`,
    ]),
  );
}

function serviceStatus(
  observation: ServiceObservation,
  placement: ServiceStatus['placement'],
  answer: ProbeAnswer | undefined,
): ServiceStatus {
  const { name, pid, container, restarts, since, recentLines, warning } = observation;
  const state = answer?.ready ? 'ready' : UNPROBED[observation.state];
  return {
    name,
    placement,
    state,
    ...(pid !== undefined && { pid }),
    ...(container !== undefined && { container }),
    restarts,
    since,
    detail: [answer?.detail ?? observation.detail, warning].filter((text) => text).join('; '),
    ...(state === 'failed' && { log: recentLines.slice(-20) }),
  };
}

const UNPROBED: Readonly<Record<RunState, ServiceStatus['state']>> = {
  running: 'starting',
  restarting: 'starting',
  failed: 'failed',
  stopped: 'stopped',
  completed: 'completed',
};

async function askOnce(probe: Probe): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const late = new Promise<ProbeAnswer>((resolve) => {
    signal.addEventListener('abort', () =>
      resolve(notReady(`no answer within ${PROBE_TIMEOUT_MS / 1000} s`)),
    );
  });
  try {
    return await Promise.race([probe.check(signal), late]);
  } catch (error) {
    return notReady(messageOf(error));
  }
}

/** Long enough for an `up` whose first start downloads everything, with a margin. */
export const DEFAULT_WAIT_SECONDS = 300;

/** Probes of services that answer on a port are asked again after this time, told or not. */
const LOOK_EVERY_MS = 1000;
/** Told changes are looked at no more often than this. */
const LOOK_PAUSE_MS = 250;

/**
 * Looks at every change until the stack is ready, a service has failed for good, or the time is
 * over.
 * @param options.changes yields whenever a service has changed
 * @param options.timeoutMs at most this long; at least one status is always taken
 * @param options.onDetail receives, after each status, what is not ready yet
 * @returns the last status, ready or not
 * @throws the signal's reason once it is aborted
 */
export async function waitForReady({
  look,
  changes,
  timeoutMs,
  signal,
  onDetail,
}: {
  readonly look: () => Promise<StackStatus>;
  readonly changes: (signal: AbortSignal) => AsyncIterable<unknown>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onDetail: (detail: string) => void;
}): Promise<StackStatus> {
  const endMs = performance.now() + timeoutMs;
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const told = new Changes();
  // Without the news, the looks go on at their interval.
  told.follow(changes(within)).catch(() => undefined);
  try {
    for (;;) {
      signal.throwIfAborted();
      const seen = told.count;
      const found = await look();
      signal.throwIfAborted();
      const leftMs = endMs - performance.now();
      if (found.ready || found.services.some(({ state }) => state === 'failed') || leftMs <= 0) return found;
      const waiting = found.services.filter(({ state }) => state !== 'ready' && state !== 'completed');
      onDetail(waiting.map(({ name, detail }) => `${name}: ${detail}`).join('; '));
      const pauseMs = Math.min(LOOK_PAUSE_MS, leftMs);
      await pause(pauseMs, signal);
      await told.after(seen, signal, Math.min(LOOK_EVERY_MS, leftMs) - pauseMs);
    }
  } finally {
    over.abort(new Error('the wait is over'));
  }
}
