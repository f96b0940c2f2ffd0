import { join } from 'node:path';
import {
  type Faults,
  type FaultTarget,
  type HeldFault,
  heldFault,
  NothingToBreak,
} from '../../orchestrator/runtimes/faults.ts';
import {
  type LogLine,
  type LogOptions,
  neverStarted,
  type Runtime,
  type ServiceObservation,
  type SetupStep,
} from '../../orchestrator/runtimes/runtime.ts';
import {
  namesOf,
  type PortSetting,
  type Service,
  serviceNamed,
} from '../../orchestrator/services/service.ts';
import type { ServiceName } from '../../orchestrator/services/service-name.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { SETTING_TABLE } from '../../orchestrator/settings/setting-table.ts';
import type { Address } from '../../orchestrator/util/ports.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { Changes } from '../../orchestrator/util/wait.ts';

/**
 * The runtime interface over a stack in memory. It passes the same contract suite as the real
 * runtimes.
 */
export class FakeRuntime implements Runtime {
  readonly name = 'local';
  readonly services: readonly Service[];
  readonly outputPath: string;
  readonly #stack: FakeStack;
  readonly #setup: readonly SetupStep[];
  readonly #port: number | undefined;

  constructor(
    stack: FakeStack,
    options: {
      readonly outputDir?: string;
      readonly setup?: readonly SetupStep[];
      /** The port on which all services answer. By default each service has its own. */
      readonly port?: number;
    } = {},
  ) {
    this.#stack = stack;
    this.#setup = options.setup ?? [];
    this.outputPath = join(options.outputDir ?? '/nonexistent', 'parquet');
    this.#port = options.port;
    this.services = stack.services;
  }

  addressOf(setting: PortSetting): Address {
    return { host: '127.0.0.1', port: this.#port ?? Number(SETTING_TABLE[setting].default) };
  }

  async preflight(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  setup(): readonly SetupStep[] {
    return this.#setup;
  }

  async start(service: ServiceName, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stack.start(service);
  }

  async superviseAgain(): Promise<void> {}

  async restart(service: ServiceName): Promise<void> {
    // The clock must move on, as it does for any real process.
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (!this.#stack.restart(service)) throw neverStarted(service);
  }

  async stop(service: ServiceName): Promise<void> {
    this.#stack.stop(service);
  }

  async observe(): Promise<readonly ServiceObservation[]> {
    return this.#stack.observations;
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<readonly ServiceObservation[]> {
    const { changes } = this.#stack;
    for (;;) {
      signal.throwIfAborted();
      const seen = changes.count;
      yield this.#stack.observations;
      await changes.after(seen, signal);
    }
  }

  async *logs({ services, tail, sinceMs, follow, signal }: LogOptions): AsyncGenerator<LogLine> {
    const names = services.length > 0 ? services : namesOf(this.services);
    const added: LogLine[] = [];
    let wake = () => {};
    const unsubscribe = this.#stack.listen((line) => {
      if (names.includes(line.service)) added.push(line);
      wake();
    });
    try {
      for (const service of names) {
        const log = this.#stack.logOf(service, sinceMs);
        const past = tail === undefined ? log : tail === 0 ? [] : log.slice(-tail);
        for (const text of [...past]) yield { service, text };
      }
      if (follow) signal.addEventListener('abort', () => wake(), { once: true });
      while (follow && !signal.aborted) {
        yield* added.splice(0);
        if (added.length === 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      unsubscribe();
    }
  }

  async down(): Promise<readonly ServiceName[]> {
    return namesOf(this.services)
      .toReversed()
      .filter((name) => this.#stack.stop(name));
  }

  async wipe({ keepTopic }: { readonly keepTopic: boolean }): Promise<readonly string[]> {
    const running = this.#stack.observations.filter(isActive);
    if (running.length > 0) {
      throw new ProductError('STACK_RUNNING', {
        message: `Nothing is wiped while ${running.map(({ name }) => name).join(', ')} of this stack run.`,
        hint: 'Run `npm run down` first.',
      });
    }
    return !keepTopic && this.#stack.wipe() ? ["Kafka's data", "ZooKeeper's data"] : [];
  }

  async assertOwn(): Promise<void> {}

  async otherOwner(): Promise<undefined> {}

  async takeOver(): Promise<readonly ServiceName[]> {
    return [];
  }

  faults(): Faults {
    return new FakeFaults(this.#stack, this.services);
  }

  async close(): Promise<void> {}
}

/** Faults in a stack in memory, which has neither executors nor a supervisor. */
class FakeFaults implements Faults {
  readonly #stack: FakeStack;
  readonly #services: readonly Service[];

  constructor(stack: FakeStack, services: readonly Service[]) {
    this.#stack = stack;
    this.#services = services;
  }

  async unable(action: 'kill' | 'pause' | 'limit-file-size'): Promise<string | undefined> {
    return action === 'limit-file-size' ? 'a stack in memory writes no files' : undefined;
  }

  async isThere(target: FaultTarget): Promise<boolean> {
    return this.#find(target) !== undefined;
  }

  async kill(target: FaultTarget): Promise<string> {
    const service = this.#require(target);
    this.#stack.end(service, 137);
    return service;
  }

  async pause(target: FaultTarget): Promise<HeldFault> {
    return heldFault(this.#require(target), async () => undefined);
  }

  async limitFileSize(): Promise<HeldFault> {
    throw new Error('a stack in memory writes no files');
  }

  #require(target: FaultTarget): ServiceName {
    const service = this.#find(target);
    if (!service) throw new NothingToBreak(target);
    return service;
  }

  #find(target: FaultTarget): ServiceName | undefined {
    const isMain = ({ faults }: Service) =>
      faults.some((point) => point.target === target && point.childClass === undefined);
    const service = this.#services.find(isMain)?.name;
    const runs = this.#stack.observations.some(({ name, state }) => name === service && state === 'running');
    return runs ? service : undefined;
  }
}

/** What a service of the fake does after its start. */
export type FakeBehaviour =
  /** Runs until it is stopped. */
  | { readonly kind: 'runs'; readonly lines?: readonly string[] }
  /**
   * Ends by itself: a one-shot with this code. A daemon with a final exit code has failed, with any
   * other code it is restarted.
   */
  | { readonly kind: 'ends'; readonly code: number; readonly lines?: readonly string[] };

interface FakeService {
  observation: ServiceObservation;
  log: { readonly text: string; readonly atMs: number }[];
}

const RECENT_LINES = 50;
const NEVER_STARTED = 'never started';

/**
 * A stack in memory. Like a supervisor or an engine, it outlives the runtime objects that use it.
 */
export class FakeStack {
  readonly services: readonly Service[];
  readonly #services = new Map<ServiceName, FakeService>();
  readonly #behaviours: Partial<Record<ServiceName, FakeBehaviour>>;
  readonly #listeners = new Set<(line: LogLine) => void>();
  readonly changes = new Changes();
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
    this.changes.note();
    for (const listener of this.#listeners) listener({ service: name, text });
  }

  /**
   * The service's process ends by itself. A daemon is restarted at once unless the code is a final
   * one.
   */
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

  logOf(name: ServiceName, sinceMs = 0): readonly string[] {
    return this.#of(name)
      .log.filter(({ atMs }) => atMs >= sinceMs)
      .map(({ text }) => text);
  }

  /** @returns a function that ends the subscription */
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
    this.changes.note();
    const behaviour = this.#behaviours[name] ?? { kind: 'runs' };
    for (const line of behaviour.lines ?? []) this.print(name, line);
    if (behaviour.kind !== 'ends') return;
    // Not within `start`: the caller that starts a service sees it run before it ends.
    setImmediate(() => {
      if (service.observation.pid === pid) this.end(name, behaviour.code);
    });
  }

  #enter(name: ServiceName, change: Pick<ServiceObservation, 'state' | 'detail' | 'exitCode'>): void {
    const service = this.#of(name);
    const { pid: _, ...rest } = service.observation;
    service.observation = { ...rest, ...change, since: now() };
    this.changes.note();
  }

  #of(name: ServiceName): FakeService {
    const service = this.#services.get(name);
    if (!service) throw new Error(`unknown service ${name}`);
    return service;
  }
}

const now = () => new Date().toISOString();

/** Whether it runs, or will run again by itself. */
const isActive = ({ state }: ServiceObservation) => state === 'running' || state === 'restarting';
