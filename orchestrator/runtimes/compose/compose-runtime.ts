import { namesOf, outlineOf, type PortSetting, type Service } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import type { Address } from '../../util/ports.ts';
import { ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import type { Faults } from '../faults.ts';
import {
  type LogLine,
  type LogOptions,
  loopbackAddress,
  neverStarted,
  notRestarted,
  type Runtime,
  type ServiceObservation,
  type SetupStep,
  type StackOwner,
} from '../runtime.ts';
import {
  assertNoObstacle,
  type ComposeCommand,
  type ComposeVariables,
  composeCommand,
  composeVariables,
} from './compose-cli.ts';
import { ComposeFaults } from './compose-faults.ts';
import type { Engine } from './engine.ts';
import { assertReadableJob, checkPortsAndNames, makeOutputDir } from './preflight.ts';
import { ProjectOwner } from './project-owner.ts';
import { serviceLogs } from './service-logs.ts';
import { serviceObservation } from './service-observation.ts';
import { hostOutputPath } from './shared-folders.ts';
import { StackContainers } from './stack-containers.ts';
import { Watcher } from './watch/watcher.ts';

/**
 * Starts in progress in this process, by project and service. Two commands that create the same
 * container would collide.
 */
const starting = new Map<string, Promise<void>>();

/** A subscriber looks again after this time: an engine may lose its stream of events. */
const UNTOLD_MS = 1000;

/**
 * The Compose runtime: Docker Compose acts, the engine's API observes. State lives in the engine. A
 * watcher adds to the engine's restart policy.
 */
export class ComposeRuntime implements Runtime {
  readonly name = 'compose';
  readonly services: readonly Service[];
  readonly outputPath: string;
  readonly #config: StackConfig;
  readonly #engine: Engine;
  readonly #variables: ComposeVariables;
  readonly #compose: ComposeCommand;
  readonly #containers: StackContainers;
  readonly #watcher: Watcher;
  readonly #owner: ProjectOwner;

  /**
   * @param services what it runs, in start order
   * @param hasMadeData whether this checkout has made data through Compose before
   * @throws ProductError BAD_SETTING for an OUTPUT_PATH that containers cannot reach
   */
  constructor(config: StackConfig, engine: Engine, services: readonly Service[], hasMadeData = false) {
    this.services = services;
    this.#config = config;
    this.#engine = engine;
    this.#variables = composeVariables(config, engine.rootless);
    this.#compose = composeCommand(config, this.#variables.environment);
    this.#containers = new StackContainers(engine.docker, this.#variables.project, namesOf(services));
    const { project } = this.#variables;
    const outlines = services.map(outlineOf);
    this.#watcher = new Watcher(config.runDir, engine, project, outlines, config.environment);
    const volumes = services.flatMap(({ inContainer }) => inContainer.volumes);
    this.#owner = new ProjectOwner(engine.docker, project, volumes, config.projectDir, hasMadeData);
    this.outputPath = hostOutputPath(config);
  }

  addressOf(setting: PortSetting): Address {
    return loopbackAddress(this.#config, setting);
  }

  async preflight(signal: AbortSignal): Promise<void> {
    await assertNoObstacle(this.#config, this.#engine);
    await this.#owner.assertOwn();
    const present = await this.#containers.list();
    signal.throwIfAborted();
    await checkPortsAndNames(this.#config, this.#variables, this.services, this.#engine.docker, present);
    assertReadableJob(this.#config, this.#variables.owner);
    makeOutputDir(this.#config, this.#variables);
  }

  setup(): readonly SetupStep[] {
    const step = (
      name: string,
      title: string,
      neededBy: readonly ServiceName[],
      args: readonly string[],
      done: string,
    ): SetupStep => ({
      name,
      title,
      after: [],
      neededBy,
      run: async ({ signal, onDetail }) => {
        await this.#own();
        await this.#compose(args, { signal, onLine: onDetail });
        return done;
      },
    });
    const withImage = (image: 'built' | 'pulled') =>
      this.services.filter(({ inContainer }) => inContainer.image === image);
    const pulled = namesOf(withImage('pulled'));
    return [
      // All containers are created together, so that each start is then one quick command. With
      // --no-recreate, running containers keep their settings until `down`.
      step(
        'containers',
        'Images and containers',
        pulled,
        ['up', '--no-start', '--no-deps', '--no-recreate', ...pulled],
        'pulled and created',
      ),
      ...withImage('built').map(({ name, title }) =>
        step(`${name}-image`, `Image of the ${title.toLowerCase()}`, [name], ['build', name], 'built'),
      ),
    ];
  }

  async start(service: ServiceName, signal: AbortSignal): Promise<void> {
    const key = `${this.#variables.project}/${service}`;
    const begun = starting.get(key);
    if (begun) return begun;
    const start = this.#up(service, signal);
    starting.set(key, start);
    try {
      await start;
    } finally {
      starting.delete(key);
      this.#containers.changed();
    }
  }

  async #up(service: ServiceName, signal: AbortSignal): Promise<void> {
    await this.#own();
    // The observation before the start shows afterwards which lines of a log are of the new run.
    await this.#containers.list();
    await this.#compose(['up', '--detach', '--no-deps', '--no-recreate', service], { signal, service });
    await this.#watcher.ensure();
  }

  /** Checks who owns the project, and claims the data that will be made. */
  async #own(): Promise<void> {
    await this.#owner.assertOwn();
    await this.#owner.claim();
  }

  async superviseAgain(): Promise<void> {
    await this.#owner.assertOwnContainers();
    await this.#watcher.ensure();
  }

  async restart(service: ServiceName): Promise<void> {
    await this.#owner.assertOwnContainers();
    // The observation before the restart shows afterwards which lines of a log are of the new run.
    const containers = (await this.#containers.list()).filter((container) => container.service === service);
    if (containers.length === 0) throw neverStarted(service);
    try {
      // The engine restarts the whole container: Ctrl-C in a terminal reaches `docker compose`,
      // too, which may then have stopped the service only.
      await Promise.all(containers.map(({ info }) => this.#engine.docker.getContainer(info.Id).restart()));
    } catch (error) {
      throw notRestarted(service, error);
    } finally {
      this.#containers.changed();
    }
    await this.#watcher.ensure();
  }

  async stop(service: ServiceName): Promise<void> {
    await this.#owner.assertOwnContainers();
    await this.#compose(['stop', service], { service });
    this.#containers.changed();
  }

  observe(): Promise<readonly ServiceObservation[]> {
    return this.#observe({ follow: false });
  }

  async #observe(options: { readonly follow: boolean }): Promise<readonly ServiceObservation[]> {
    const containers = await this.#containers.list(options);
    return this.services.map((one) =>
      serviceObservation(
        one,
        containers.filter(({ service }) => service === one.name),
      ),
    );
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<readonly ServiceObservation[]> {
    const { changes } = this.#containers;
    for (;;) {
      signal.throwIfAborted();
      const seen = changes.count;
      yield await this.#observe({ follow: true });
      await changes.after(seen, signal, UNTOLD_MS);
    }
  }

  logs(options: LogOptions): AsyncIterable<LogLine> {
    return serviceLogs(this.#engine.docker, this.#containers, options);
  }

  async down(): Promise<readonly ServiceName[]> {
    await this.#owner.assertOwnContainers();
    const stopped = await this.#remove();
    if ((await this.#owner.dataVolumes()).length === 0) await this.#owner.forget();
    return stopped;
  }

  async assertOwn(): Promise<void> {
    await this.#owner.assertOwn();
  }

  otherOwner(): Promise<StackOwner | undefined> {
    return this.#owner.otherOwner();
  }

  async takeOver(): Promise<readonly ServiceName[]> {
    // An engine that sees other folders may have a folder that is missing here.
    await assertNoObstacle(this.#config, this.#engine);
    if (!(await this.#owner.canTakeOver())) return [];
    // The old containers see the folders of the checkout that they were created from.
    const stopped = await this.#remove();
    await this.#owner.claimAgain();
    return stopped;
  }

  async #remove(): Promise<readonly ServiceName[]> {
    const stopped = await this.#running();
    await this.#compose(['down', '--remove-orphans']);
    await this.#watcher.ended();
    this.#containers.changed();
    return stopped.toReversed();
  }

  async wipe({ keepTopic }: { readonly keepTopic: boolean }): Promise<readonly string[]> {
    await this.#owner.assertOwn();
    const running = await this.#running();
    if (running.length > 0) {
      throw new ProductError('STACK_RUNNING', {
        message: `Nothing is wiped while ${running.join(', ')} of this stack run.`,
        hint: `Run \`${userCommand('down')}\` first.`,
      });
    }
    if (keepTopic) return [];
    const names = await this.#owner.dataVolumes();
    // Stopped containers would keep the volumes in use.
    if (names.length > 0) await this.#compose(['down']);
    await Promise.all(names.map((name) => this.#engine.docker.getVolume(name).remove()));
    await this.#owner.forget();
    return names.map((name) => `volume ${name}`);
  }

  faults(): Faults {
    return new ComposeFaults(
      this.#engine.docker,
      this.#containers,
      this.#watcher,
      this.services,
      this.#config.environment,
    );
  }

  async close(): Promise<void> {
    this.#containers.close();
  }

  async #running(): Promise<readonly ServiceName[]> {
    const observed = await this.observe();
    return observed
      .filter(({ state }) => state === 'running' || state === 'restarting')
      .map(({ name }) => name);
  }
}
