import type { ServiceName } from '../core/services.ts';
import type { FakeStack } from './fake-stack.ts';
import { type Faults, type FaultTarget, type HeldFault, NothingToStrike } from './faults.ts';
import { heldFault } from './held-fault.ts';

const SERVICE_OF: Readonly<Partial<Record<FaultTarget, ServiceName>>> = {
  driver: 'spark-streaming',
  worker: 'spark-worker',
  master: 'spark-master',
  broker: 'kafka',
  zookeeper: 'zookeeper',
  producer: 'producer',
};

/** Faults in a stack in memory, which has neither executors nor a supervisor. */
export class FakeFaults implements Faults {
  readonly #stack: FakeStack;

  constructor(stack: FakeStack) {
    this.#stack = stack;
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
    if (!service) throw new NothingToStrike(target);
    return service;
  }

  #find(target: FaultTarget): ServiceName | undefined {
    const service = SERVICE_OF[target];
    const runs = this.#stack.observations.some(({ name, state }) => name === service && state === 'running');
    return runs ? service : undefined;
  }
}
