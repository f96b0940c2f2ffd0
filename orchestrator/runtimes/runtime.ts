import type { PortSetting, Service } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import type { Address } from '../util/ports.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import type { StepContext } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import type { Faults } from './faults.ts';

/**
 * The two ways to run the stack. `external`, against clusters that run already, would be a third.
 */
export type RuntimeName = 'local' | 'compose';

/** What the runtime itself knows of a service. Only a probe decides whether it is *ready*. */
export type RunState = 'running' | 'restarting' | 'failed' | 'stopped' | 'completed';

/** One observation of a service. */
export interface ServiceObservation {
  readonly name: ServiceName;
  readonly state: RunState;
  /** Process id (local) of the service's main process, while it runs. */
  readonly pid?: number;
  /** Container name (compose); with several workers, the first. */
  readonly container?: string;
  /** How often it was started again since `up` first started it. */
  readonly restarts: number;
  /** When it entered this state, ISO-8601 with Z. */
  readonly since: string;
  /** Exit code of the last end, if there was one and no signal ended it. */
  readonly exitCode?: number;
  /** One phrase on the state: "exited with code 1, next start in 2 s". */
  readonly detail: string;
  /** A further warning for people while it runs: "lines of its log are dropped: …". */
  readonly warning?: string;
  /**
   * Up to the last 50 lines that the present or last process wrote, oldest first; none from earlier
   * processes.
   */
  readonly recentLines: readonly string[];
}

/** The checkout that owns a stack, where it is another one. */
export interface StackOwner {
  /** As a subject: "The Compose project medallion-stream". */
  readonly what: string;
  /** The folder of the owner's checkout. */
  readonly checkout: string;
}

/**
 * How a service ended for good: a one-shot that is over, or a service that will not be started
 * again.
 */
export interface ServiceExit {
  readonly name: ServiceName;
  readonly state: 'completed' | 'failed' | 'stopped';
  readonly detail: string;
}

/** A line of a service's log. */
export interface LogLine {
  readonly service: ServiceName;
  readonly text: string;
}

export interface LogOptions {
  /** An empty list means all services. */
  readonly services: readonly ServiceName[];
  /** Lines from the end of each log; all when undefined. */
  readonly tail?: number;
  /** Only lines that were written at this time (Unix ms) or later. */
  readonly sinceMs?: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** A step that sets up what services need before any can start: packages, images. */
export interface SetupStep {
  readonly name: string;
  readonly title: string;
  readonly after: readonly string[];
  /** The services that cannot start before it is done. */
  readonly neededBy: readonly ServiceName[];
  run(context: StepContext): Promise<string>;
}

/**
 * How the stack runs. What runs, in which order and when it is ready is the business of `engine/`.
 * All methods may be called from several processes at a time; state lives outside this process
 * (supervisor, Docker engine).
 */
export interface Runtime {
  readonly name: RuntimeName;
  /** The services that it runs, in start order. The plan, `status` and `logs` derive from these. */
  readonly services: readonly Service[];
  /** Where the port of a setting answers, as seen from this machine. */
  addressOf(setting: PortSetting): Address;
  /** OUTPUT_PATH as a path or URI that the orchestrator's host can read. */
  readonly outputPath: string;
  /**
   * Checks for what would make a start fail (ports held by others, folders, missing tools); has no
   * side effects.
   * @throws ProductError PORT_TAKEN, OUTPUT_NOT_WRITABLE, PYTHON_MISSING, …
   */
  preflight(signal: AbortSignal): Promise<void>;
  /** The steps that `up` runs first; each is quick when there is nothing to do. */
  setup(): readonly SetupStep[];
  /**
   * Starts a service if it does not run; returns when it has been started, not when it is ready.
   * Services restart by themselves afterwards (one-shots do not).
   */
  start(service: ServiceName, signal: AbortSignal): Promise<void>;
  /**
   * Starts what restarts services, if it is gone while they run. A running stack without it would
   * not recover by itself.
   */
  superviseAgain(): Promise<void>;
  /**
   * Stops a service as `stop` does, and starts it again as it was started before; also one that has
   * failed, was stopped or has completed. Returns when it has been started, not when it is ready.
   * This is no crash, so `restarts` counts from zero. It takes no signal, so that no service is
   * left stopped.
   * @throws ProductError STACK_NOT_RUNNING when it was never started, STEP_FAILED when it could not
   * be restarted
   */
  restart(service: ServiceName): Promise<void>;
  /**
   * Stops one service gracefully, within its stop grace, then by force; does nothing when it does
   * not run.
   */
  stop(service: ServiceName): Promise<void>;
  /** Observes every one of `services`, in their order. Services never started are `stopped`. */
  observe(): Promise<readonly ServiceObservation[]>;
  /**
   * Yields what `observe` returns: at once, and again whenever a service has changed or written a
   * line. Changes that follow each other within milliseconds are yielded as one.
   * @throws the signal's reason once it is aborted
   */
  subscribe(signal: AbortSignal): AsyncIterable<readonly ServiceObservation[]>;
  logs(options: LogOptions): AsyncIterable<LogLine>;
  /**
   * Stops everything of this stack in reverse order and keeps its data; also after a crash of the
   * supervisor.
   * @returns the services that were stopped
   */
  down(): Promise<readonly ServiceName[]>;
  /**
   * Deletes the stack's own transient files and, without `keepTopic`, Kafka's and ZooKeeper's data.
   * Needs a stopped stack.
   * @returns what was deleted, for the report
   */
  wipe(options: { readonly keepTopic: boolean }): Promise<readonly string[]>;
  /**
   * Checks who owns the stack and its data, as every operation does that changes them.
   * @throws ProductError FOREIGN_STACK when they are another checkout's
   */
  assertOwn(): Promise<void>;
  /**
   * Returns the owner of the stack when it is another checkout. Commands that only read need not be
   * refused.
   */
  otherOwner(): Promise<StackOwner | undefined>;
  /**
   * Assigns the stack to this checkout when its own checkout no longer exists, and stops what runs
   * of it. Does nothing to a stack that is this checkout's already.
   * @returns the services that were stopped
   * @throws ProductError FOREIGN_STACK while the other checkout exists
   */
  takeOver(): Promise<readonly ServiceName[]>;
  /** Breaks the stack on purpose. */
  faults(): Faults;
  /** Ends connections that this object holds. */
  close(): Promise<void>;
}

/** Observes one service. */
export async function observeService(runtime: Runtime, service: ServiceName): Promise<ServiceObservation> {
  return observationOf(await runtime.observe(), service);
}

/** @throws Error for a service that the runtime does not know */
export function observationOf(
  services: readonly ServiceObservation[],
  service: ServiceName,
): ServiceObservation {
  const found = services.find(({ name }) => name === service);
  if (!found) throw new Error(`the runtime does not know the service ${service}`);
  return found;
}

/**
 * Resolves when a service has ended for good, at once if it does not run.
 * @throws the signal's reason once it is aborted
 */
export async function untilExited(
  runtime: Pick<Runtime, 'subscribe'>,
  service: ServiceName,
  signal: AbortSignal,
): Promise<ServiceExit> {
  for await (const services of runtime.subscribe(signal)) {
    const { name, state, detail } = observationOf(services, service);
    if (state !== 'running' && state !== 'restarting') return { name, state, detail };
  }
  throw new Error('a subscription ended before its signal');
}

/** There is nothing to start again: no command line, no container. */
export function neverStarted(service: ServiceName): ProductError {
  return new ProductError('STACK_NOT_RUNNING', {
    message: `${service} cannot be restarted: it was never started in this stack.`,
    hint: `Run \`${userCommand('up')}\`, which starts what does not run.`,
    service,
  });
}

/** @param cause the error of the supervisor or the engine */
export function notRestarted(service: ServiceName, cause: unknown): ProductError {
  return new ProductError('STEP_FAILED', {
    message: `${service} could not be restarted: ${messageOf(cause)}.`,
    hint: `See \`${userCommand('logs', service)}\`; \`${userCommand('down')}\`, then \`${userCommand('up')}\`, starts the whole stack again.`,
    service,
    cause,
  });
}

/**
 * Returns where a port of this machine's own stack answers: every service listens, or is published,
 * on 127.0.0.1 alone.
 */
export function loopbackAddress({ settings }: Pick<StackConfig, 'settings'>, setting: PortSetting): Address {
  return { host: '127.0.0.1', port: settings[setting] };
}
