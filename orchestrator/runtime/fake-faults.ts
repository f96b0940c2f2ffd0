import type { Service } from '../services/service.ts';
import type { ServiceName } from '../services/service-name.ts';
import type { FakeStack } from './fake-stack.ts';
import { type Faults, type FaultTarget, type HeldFault, NothingToStrike } from './faults.ts';
import { heldFault } from './held-fault.ts';

/** Faults in a stack in memory, which has neither executors nor a supervisor. */
export class FakeFaults implements Faults {
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
    if (!service) throw new NothingToStrike(target);
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
