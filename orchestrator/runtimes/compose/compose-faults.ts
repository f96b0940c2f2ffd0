import type Docker from 'dockerode';
import { execa } from 'execa';
import type { FaultPoint, Service } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { isAlive } from '../../util/processes.ts';
import {
  DRIVER_APPLICATION,
  DRIVER_MAIN_CLASS,
  type Faults,
  type FaultTarget,
  type HeldFault,
  heldFault,
  NothingToBreak,
  repeatedFault,
  SUPERVISOR,
} from '../faults.ts';
import type { Environment } from './engine.ts';
import type { StackContainer, StackContainers } from './stack-containers.ts';
import type { Watcher } from './watch/watcher.ts';

/** A fault point and the service whose containers run it. */
interface Place extends FaultPoint {
  readonly service: ServiceName;
}

/** An exec is expensive for the engine. A driver takes seconds from its start to its first file. */
const LIMIT_EVERY_MS = 1000;

/** What the engine answers when a container is gone or already in that state. */
const SETTLED: readonly number[] = [304, 404, 409];

/**
 * Injects faults with the engine's `kill` and `pause`. A child of a service is reached by an exec
 * inside the container.
 */
export class ComposeFaults implements Faults {
  readonly #docker: Docker;
  readonly #containers: StackContainers;
  readonly #watcher: Watcher;
  readonly #places: readonly Place[];
  readonly #environment: Environment;

  constructor(
    docker: Docker,
    containers: StackContainers,
    watcher: Watcher,
    services: readonly Service[],
    environment: Environment,
  ) {
    this.#docker = docker;
    this.#containers = containers;
    this.#watcher = watcher;
    this.#places = services.flatMap(({ name, faults }) =>
      faults.map((point) => ({ ...point, service: name })),
    );
    this.#environment = environment;
  }

  async unable(): Promise<string | undefined> {
    return undefined;
  }

  async isThere(target: FaultTarget): Promise<boolean> {
    if (target === SUPERVISOR) return this.#watcher.process() !== undefined;
    const { service, childClass } = this.#place(target);
    const container = (await this.#running(service))[0];
    if (!container || childClass === undefined) return container !== undefined;
    return (await this.#inside(container, childClass, 'count')) > 0;
  }

  async kill(target: FaultTarget): Promise<string> {
    if (target === SUPERVISOR) return this.#signalWatcher('SIGKILL');
    const place = this.#place(target);
    const container = await this.#require(place);
    if (place.childClass !== undefined) return this.#signalChildren(place, place.childClass, 'SIGKILL');
    await this.#settled(this.#docker.getContainer(container.info.Id).kill());
    this.#containers.changed();
    return `container ${nameOf(container)}`;
  }

  async pause(target: FaultTarget): Promise<HeldFault> {
    if (target === SUPERVISOR) {
      const watcher = this.#watcher.process();
      return heldFault(await this.#signalWatcher('SIGSTOP'), async () => {
        if (watcher && isAlive(watcher)) process.kill(watcher.pid, 'SIGCONT');
      });
    }
    const place = this.#place(target);
    const { service, childClass } = place;
    if (childClass !== undefined) {
      const on = await this.#signalChildren(place, childClass, 'SIGSTOP');
      return heldFault(on, async () => {
        for (const container of await this.#running(service)) {
          await this.#inside(container, childClass, { signal: 'SIGCONT' });
        }
      });
    }
    const container = await this.#require(place);
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
      for (const { service, writer } of this.#places) {
        if (!writer) continue;
        for (const container of await this.#running(service)) {
          await this.#inside(container, writer.mainClass, { fileSize });
        }
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
    if (!watcher) throw new NothingToBreak(SUPERVISOR);
    process.kill(watcher.pid, signal);
    return `watcher, process ${watcher.pid}`;
  }

  /** Signals all such children in the first container that has any. */
  async #signalChildren(
    { service, target }: Place,
    childClass: string,
    signal: 'SIGKILL' | 'SIGSTOP',
  ): Promise<string> {
    for (const container of await this.#running(service)) {
      const count = await this.#inside(container, childClass, { signal });
      if (count > 0)
        return `${count === 1 ? target : `${count} ${target}s`} in container ${nameOf(container)}`;
    }
    throw new NothingToBreak(target);
  }

  async #inside({ info }: StackContainer, mainClass: string, action: ContainerAction): Promise<number> {
    try {
      return await actInContainer(info.Id, mainClass, action, this.#environment);
    } catch (error) {
      // An exec that the end of its container cuts off fails in one of many ways, some of them
      // without a message.
      const now = await this.#settled(this.#docker.getContainer(info.Id).inspect());
      if (now?.State.Running && now.State.StartedAt === info.State.StartedAt) throw error;
      return 0;
    }
  }

  /** @throws NothingToBreak where no service has a process of that name */
  #place(target: FaultTarget): Place {
    const place = this.#places.find((one) => one.target === target);
    if (!place) throw new NothingToBreak(target);
    return place;
  }

  async #require({ service, target }: Place): Promise<StackContainer> {
    const [container] = await this.#running(service);
    if (!container) throw new NothingToBreak(target);
    return container;
  }

  async #running(name: ServiceName): Promise<readonly StackContainer[]> {
    this.#containers.changed();
    return (await this.#containers.list()).filter(
      ({ service, info }) =>
        service === name && info.State.Running && !info.State.Restarting && !info.State.Paused,
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

/**
 * Acts on every process of a container whose command line names a main class: sends a signal by its
 * name, or sets the soft limit of its files' size. It is Python because the Spark image has Python,
 * while neither pgrep nor prlimit is certain. It prints how many processes it reached.
 */
const SCRIPT = `
import os, resource, signal, sys
main_class, action, value, driver, application = sys.argv[1:]
lines = {}
for entry in os.listdir('/proc'):
    if entry.isdigit() and int(entry) != os.getpid():
        try:
            with open('/proc/%s/cmdline' % entry, 'rb') as file:
                lines[entry] = [word.decode(errors='replace') for word in file.read().split(b'\\0')]
        except (FileNotFoundError, ProcessLookupError):
            pass
has_begun = any(driver not in words and words[1:2] and words[1].endswith(application) for words in lines.values())
reached = 0
for entry in lines:
    try:
        if main_class not in lines[entry] or (action == 'limit' and main_class == driver and not has_begun):
            continue
        if action == 'signal':
            os.kill(int(entry), signal.Signals[value])
        elif action == 'limit':
            hard = resource.prlimit(int(entry), resource.RLIMIT_FSIZE)[1]
            soft = hard if value == 'hard' else int(value)
            resource.prlimit(int(entry), resource.RLIMIT_FSIZE, (soft, hard))
        reached += 1
    except (FileNotFoundError, ProcessLookupError):
        pass
print(reached)
`;

const NOT_RUNNING = /is not running|is restarting|is paused|No such container|OCI runtime exec failed/;

/** 128 and SIGKILL. */
const KILLED = 137;

/** What can be done to processes inside a container. */
export type ContainerAction =
  | { readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' }
  /** Soft limit in bytes, or back to the hard one. */
  | { readonly fileSize: number | 'hard' }
  | 'count';

/**
 * @param mainClass a word of the command line
 * @returns how many processes were reached; 0 also when the container does not run
 * @throws Error with the error output of `docker exec`
 */
async function actInContainer(
  container: string,
  mainClass: string,
  action: ContainerAction,
  environment: Environment,
): Promise<number> {
  const words =
    action === 'count'
      ? ['count', '']
      : 'signal' in action
        ? ['signal', action.signal]
        : ['limit', String(action.fileSize)];
  const { failed, exitCode, stdout, stderr } = await execa(
    'docker',
    ['exec', container, 'python3', '-c', SCRIPT, mainClass, ...words, DRIVER_MAIN_CLASS, DRIVER_APPLICATION],
    { env: environment, extendEnv: false, reject: false, stdin: 'ignore' },
  );
  if (!failed) return Number(stdout.trim());
  // The container has ended, is between two starts, is paused, or was killed during the exec.
  if (exitCode === KILLED || NOT_RUNNING.test(stderr)) return 0;
  throw new Error(`docker exec in ${container}: ${stderr.trim() || `exit code ${exitCode}, without a word`}`);
}
