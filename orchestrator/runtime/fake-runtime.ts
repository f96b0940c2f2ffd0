import { join } from 'node:path';
import type { Address } from '../core/address.ts';
import { ProductError } from '../core/product-error.ts';
import { namesOf, type PortSetting, type Service } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SETTING_TABLE } from '../settings/setting-table.ts';
import { FakeFaults } from './fake-faults.ts';
import { type FakeStack, isActive } from './fake-stack.ts';
import type { Faults } from './faults.ts';
import { neverStarted } from './restart-error.ts';
import type {
  LogLine,
  LogOptions,
  PreparationStep,
  Runtime,
  ServiceExit,
  ServiceObservation,
} from './runtime.ts';

/** The seam over a stack in memory; it passes the same contract suite as the real runtimes. */
export class FakeRuntime implements Runtime {
  readonly name = 'local';
  readonly services: readonly Service[];
  readonly outputPath: string;
  readonly #stack: FakeStack;
  readonly #preparation: readonly PreparationStep[];
  readonly #port: number | undefined;

  constructor(
    stack: FakeStack,
    options: {
      readonly outputDir?: string;
      readonly preparation?: readonly PreparationStep[];
      /** Where all services answer: that of each service when absent. */
      readonly port?: number;
    } = {},
  ) {
    this.#stack = stack;
    this.#preparation = options.preparation ?? [];
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

  preparation(): readonly PreparationStep[] {
    return this.#preparation;
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

  async exited(service: ServiceName, signal: AbortSignal): Promise<ServiceExit> {
    signal.throwIfAborted();
    let abort = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => reject(signal.reason);
    });
    signal.addEventListener('abort', abort, { once: true });
    return Promise.race([this.#stack.exited(service), aborted]).finally(() =>
      signal.removeEventListener('abort', abort),
    );
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
