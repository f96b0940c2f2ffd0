import { type Service, serviceNamed } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICES } from '../services/services.ts';
import type { LogLine, ServiceExit, ServiceObservation } from './runtime.ts';

/** What a service of the fake does once it is started. */
export type FakeBehaviour =
  /** Runs until it is stopped. */
  | { readonly kind: 'runs'; readonly lines?: readonly string[] }
  /** Ends by itself: a one-shot with this code; a daemon with a final exit code has failed, with any other it is started again. */
  | { readonly kind: 'ends'; readonly code: number; readonly lines?: readonly string[] };

interface FakeService {
  observation: ServiceObservation;
  log: { readonly text: string; readonly atMs: number }[];
  waiting: ((exit: ServiceExit) => void)[];
}

const RECENT_LINES = 50;
const NEVER_STARTED = 'never started';

/** A stack in memory, which outlives the runtime objects that look at it as a supervisor or an engine does. */
export class FakeStack {
  readonly services: readonly Service[];
  readonly #services = new Map<ServiceName, FakeService>();
  readonly #behaviours: Partial<Record<ServiceName, FakeBehaviour>>;
  readonly #listeners = new Set<(line: LogLine) => void>();
  #lastPid = 1000;
  #hasData = false;

  constructor(
    behaviours: Partial<Record<ServiceName, FakeBehaviour>> = {},
    services: readonly Service[] = SERVICES,
  ) {
    this.services = services;
    this.#behaviours = behaviours;
    for (const { name } of services) {
      this.#services.set(name, {
        observation: {
          name,
          state: 'stopped',
          restarts: 0,
          since: now(),
          detail: NEVER_STARTED,
          recentLines: [],
        },
        log: [],
        waiting: [],
      });
    }
  }

  get observations(): readonly ServiceObservation[] {
    return [...this.#services.values()].map(({ observation }) => observation);
  }

  start(name: ServiceName): void {
    const service = this.#of(name);
    if (isActive(service.observation)) return;
    this.#hasData = true;
    this.#run(name, 0);
  }

  stop(name: ServiceName): boolean {
    if (!isActive(this.#of(name).observation)) return false;
    this.#enter(name, { state: 'stopped', detail: 'stopped' });
    return true;
  }

  /** @returns false when it was never started */
  restart(name: ServiceName): boolean {
    if (this.#of(name).observation.detail === NEVER_STARTED) return false;
    this.stop(name);
    this.start(name);
    return true;
  }

  /** The service's process writes a line. */
  print(name: ServiceName, text: string): void {
    const service = this.#of(name);
    service.log.push({ text, atMs: Date.now() });
    const recentLines = [...service.observation.recentLines, text].slice(-RECENT_LINES);
    service.observation = { ...service.observation, recentLines };
    for (const listener of this.#listeners) listener({ service: name, text });
  }

  /** The service's process ends by itself; a daemon is started again at once unless the code is a final one. */
  end(name: ServiceName, code: number): void {
    const { restarts } = this.#of(name).observation;
    const { kind, finalExitCodes } = serviceNamed(this.services, name);
    const oneShot = kind === 'one-shot';
    const detail = `exited with code ${code}`;
    if (oneShot || finalExitCodes.includes(code)) {
      this.#enter(name, { state: oneShot && code === 0 ? 'completed' : 'failed', exitCode: code, detail });
    } else {
      this.#run(name, restarts + 1, code);
    }
  }

  /** Deletes the data of the topic. */
  wipe(): boolean {
    const had = this.#hasData;
    this.#hasData = false;
    return had;
  }

  exited(name: ServiceName): Promise<ServiceExit> {
    const service = this.#of(name);
    return isActive(service.observation)
      ? new Promise((resolve) => service.waiting.push(resolve))
      : Promise.resolve(exitOf(service.observation));
  }

  logOf(name: ServiceName, sinceMs = 0): readonly string[] {
    return this.#of(name)
      .log.filter(({ atMs }) => atMs >= sinceMs)
      .map(({ text }) => text);
  }

  /** @returns what ends the subscription */
  listen(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #run(name: ServiceName, restarts: number, exitCode?: number): void {
    const service = this.#of(name);
    const pid = ++this.#lastPid;
    service.observation = {
      ...{ name, state: 'running', pid, restarts, since: now(), detail: `process ${pid}`, recentLines: [] },
      ...(exitCode !== undefined && { exitCode }),
    };
    const behaviour = this.#behaviours[name] ?? { kind: 'runs' };
    for (const line of behaviour.lines ?? []) this.print(name, line);
    if (behaviour.kind !== 'ends') return;
    // Not within `start`: whoever starts a service sees it run before it ends.
    setImmediate(() => {
      if (service.observation.pid === pid) this.end(name, behaviour.code);
    });
  }

  #enter(name: ServiceName, change: Pick<ServiceObservation, 'state' | 'detail' | 'exitCode'>): void {
    const service = this.#of(name);
    const { pid: _, ...rest } = service.observation;
    service.observation = { ...rest, ...change, since: now() };
    for (const resolve of service.waiting.splice(0)) resolve(exitOf(service.observation));
  }

  #of(name: ServiceName): FakeService {
    const service = this.#services.get(name);
    if (!service) throw new Error(`unknown service ${name}`);
    return service;
  }
}

const now = () => new Date().toISOString();

/** Whether it runs, or will again by itself. */
export const isActive = ({ state }: ServiceObservation) => state === 'running' || state === 'restarting';

function exitOf({ name, state, detail }: ServiceObservation): ServiceExit {
  if (state === 'running' || state === 'restarting') throw new Error(`${name} has not ended`);
  return { name, state, detail };
}
