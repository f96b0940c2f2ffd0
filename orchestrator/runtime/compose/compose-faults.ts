import type Docker from 'dockerode';
import type { ServiceName } from '../../core/services.ts';
import { type Faults, type FaultTarget, type HeldFault, NothingToStrike } from '../faults.ts';
import { heldFault, repeatedFault } from '../held-fault.ts';
import { isAlive } from '../process-identity.ts';
import { DRIVER_MAIN_CLASS, EXECUTOR_MAIN_CLASS } from '../spark-processes.ts';
import { actInContainer, type ContainerAction } from './container-processes.ts';
import type { Environment } from './engine.ts';
import type { StackContainer, StackContainers } from './stack-containers.ts';
import type { Watcher } from './watch/watcher.ts';

const SERVICE_OF: Readonly<Record<Exclude<FaultTarget, 'supervisor'>, ServiceName>> = {
  driver: 'spark-streaming',
  executor: 'spark-worker',
  worker: 'spark-worker',
  master: 'spark-master',
  broker: 'kafka',
  zookeeper: 'zookeeper',
  producer: 'producer',
};

/** An exec costs the engine a good deal; a driver takes seconds from its start to its first file. */
const LIMIT_EVERY_MS = 1000;

/** What the engine answers when a container has gone or is in that state already. */
const SETTLED: readonly number[] = [304, 404, 409];

/** Faults by the engine's `kill` and `pause`; an executor is reached inside its worker's container. */
export class ComposeFaults implements Faults {
  readonly #docker: Docker;
  readonly #containers: StackContainers;
  readonly #watcher: Watcher;
  readonly #environment: Environment;

  constructor(docker: Docker, containers: StackContainers, watcher: Watcher, environment: Environment) {
    this.#docker = docker;
    this.#containers = containers;
    this.#watcher = watcher;
    this.#environment = environment;
  }

  async unable(): Promise<string | undefined> {
    return undefined;
  }

  async isThere(target: FaultTarget): Promise<boolean> {
    if (target === 'supervisor') return this.#watcher.process() !== undefined;
    const container = (await this.#running(SERVICE_OF[target]))[0];
    if (!container || target !== 'executor') return container !== undefined;
    return (await this.#inside(container, EXECUTOR_MAIN_CLASS, 'count')) > 0;
  }

  async kill(target: FaultTarget): Promise<string> {
    if (target === 'supervisor') return this.#signalWatcher('SIGKILL');
    const container = await this.#require(target);
    if (target === 'executor') return this.#signalExecutors('SIGKILL');
    await this.#settled(this.#docker.getContainer(container.info.Id).kill());
    this.#containers.changed();
    return `container ${nameOf(container)}`;
  }

  async pause(target: FaultTarget): Promise<HeldFault> {
    if (target === 'supervisor') {
      const watcher = this.#watcher.process();
      return heldFault(await this.#signalWatcher('SIGSTOP'), async () => {
        if (watcher && isAlive(watcher)) process.kill(watcher.pid, 'SIGCONT');
      });
    }
    if (target === 'executor') {
      const on = await this.#signalExecutors('SIGSTOP');
      return heldFault(on, async () => {
        for (const worker of await this.#running('spark-worker')) {
          await this.#inside(worker, EXECUTOR_MAIN_CLASS, { signal: 'SIGCONT' });
        }
      });
    }
    const container = await this.#require(target);
    const { Id } = container.info;
    await this.#docker.getContainer(Id).pause();
    this.#containers.changed();
    return heldFault(`container ${nameOf(container)}`, async () => {
      const paused = await this.#settled(this.#docker.getContainer(Id).inspect());
      if (paused?.State.Paused) await this.#settled(this.#docker.getContainer(Id).unpause());
      this.#containers.changed();
    });
  }

  async limitFileSize(bytes: number): Promise<HeldFault> {
    const everywhere = async (fileSize: number | 'hard') => {
      for (const container of await this.#running('spark-streaming', 'spark-worker')) {
        const mainClass = container.service === 'spark-worker' ? EXECUTOR_MAIN_CLASS : DRIVER_MAIN_CLASS;
        await this.#inside(container, mainClass, { fileSize });
      }
    };
    return repeatedFault(
      'driver and executors',
      LIMIT_EVERY_MS,
      () => everywhere(bytes),
      () => everywhere('hard'),
    );
  }

  async #signalWatcher(signal: 'SIGKILL' | 'SIGSTOP'): Promise<string> {
    const watcher = this.#watcher.process();
    if (!watcher) throw new NothingToStrike('supervisor');
    process.kill(watcher.pid, signal);
    return `watcher, process ${watcher.pid}`;
  }

  /** All executors of the first worker that has any. */
  async #signalExecutors(signal: 'SIGKILL' | 'SIGSTOP'): Promise<string> {
    for (const worker of await this.#running('spark-worker')) {
      const count = await this.#inside(worker, EXECUTOR_MAIN_CLASS, { signal });
      if (count > 0)
        return `${count === 1 ? 'executor' : `${count} executors`} in container ${nameOf(worker)}`;
    }
    throw new NothingToStrike('executor');
  }

  async #inside({ info }: StackContainer, mainClass: string, action: ContainerAction): Promise<number> {
    try {
      return await actInContainer(info.Id, mainClass, action, this.#environment);
    } catch (error) {
      // An exec that the end of its container cuts off fails in one of many ways, some of them without a word.
      const now = await this.#settled(this.#docker.getContainer(info.Id).inspect());
      if (now?.State.Running && now.State.StartedAt === info.State.StartedAt) throw error;
      return 0;
    }
  }

  async #require(target: Exclude<FaultTarget, 'supervisor'>): Promise<StackContainer> {
    const [container] = await this.#running(SERVICE_OF[target]);
    if (!container) throw new NothingToStrike(target);
    return container;
  }

  async #running(...services: readonly ServiceName[]): Promise<readonly StackContainer[]> {
    this.#containers.changed();
    return (await this.#containers.list()).filter(
      ({ service, info }) =>
        services.includes(service) && info.State.Running && !info.State.Restarting && !info.State.Paused,
    );
  }

  async #settled<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (!SETTLED.includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
      return undefined;
    }
  }
}

const nameOf = ({ info }: StackContainer): string => info.Name.replace(/^\//, '');
