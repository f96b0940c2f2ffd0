import { join, resolve } from 'node:path';
import { namesOf, outlineOf, type PortSetting, type Service, serviceNamed } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import { provisioning } from '../../toolchain/toolchain.ts';
import { claimOutputDir } from '../../util/owned-folder.ts';
import type { Address } from '../../util/ports.ts';
import { ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import { Changes } from '../../util/wait.ts';
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
} from '../runtime.ts';
import { type RunLayout, runLayout, type ServiceLaunch } from './launch.ts';
import { connectToSupervisor, launchSupervisor } from './launch-supervisor.ts';
import { LocalFaults } from './local-faults.ts';
import { checkFoldersAndPorts, claimRunDir, prepareLaunch } from './preflight.ts';
import { serviceEnvironment, serviceLaunch } from './process-launch.ts';
import { serviceLogs } from './service-logs.ts';
import { readState } from './state-file.ts';
import { observeRecorded, stopStack, wipeRunDir } from './stop-stack.ts';
import { ConnectionLost, type ControlClient } from './supervisor/control-channel.ts';

/**
 * What the local runtime is given from outside: how each service runs, and what must exist before.
 */
export interface LocalParts {
  /** In start order. */
  readonly services: readonly Service[];
  readonly launchOf: (service: ServiceName) => ServiceLaunch;
  readonly setup: readonly SetupStep[];
  /** Checks for missing tools; has no side effects. */
  readonly checkTools: (signal: AbortSignal) => Promise<void>;
}

/** A supervisor that takes longer to answer a simple request is in trouble. */
const ANSWER_TIMEOUT_MS = 10_000;

/** How often a subscriber looks for a supervisor that another process may start. */
const SUPERVISOR_POLL_MS = 250;

/**
 * A supervisor with nothing to do may end just when it gets a request; it is then started again.
 */
const START_ATTEMPTS = 3;

/**
 * Runs the stack as native processes under a detached supervisor. This object holds only a
 * connection; the supervisor has all state.
 */
export class LocalRuntime implements Runtime {
  readonly name = 'local';
  readonly services: readonly Service[];
  readonly outputPath: string;
  readonly #config: StackConfig;
  readonly #layout: RunLayout;
  readonly #parts: LocalParts;
  #client: ControlClient | undefined;
  readonly #connections = new Changes();

  constructor(config: StackConfig, parts: LocalParts) {
    this.#config = config;
    this.services = parts.services;
    this.#layout = layoutOf(config, parts.services);
    this.#parts = parts;
    this.outputPath = localOutputPath(config);
  }

  addressOf(setting: PortSetting): Address {
    return loopbackAddress(this.#config, setting);
  }

  async preflight(signal: AbortSignal): Promise<void> {
    await this.#parts.checkTools(signal);
    await checkFoldersAndPorts(this.#config, this.#layout, this.services);
  }

  setup(): readonly SetupStep[] {
    return this.#parts.setup;
  }

  async start(service: ServiceName, signal: AbortSignal): Promise<void> {
    const launch = this.#parts.launchOf(service);
    claimRunDir(this.#layout);
    if (serviceNamed(this.services, service).writesOutputs) {
      claimOutputDir(this.#config.outputDir, this.#config.projectDir);
    }
    for (let attempt = 1; ; attempt++) {
      const client = await this.#supervisor(signal);
      // The supervisor must run first: it empties the scratch folder when it starts.
      prepareLaunch(launch);
      try {
        await client.request('start', launch.spec, signal);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionLost) || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  async superviseAgain(): Promise<void> {
    // Services do not outlive their supervisor.
  }

  async restart(service: ServiceName): Promise<void> {
    const client = await this.#connected();
    if (!client && (await this.observe()).some(({ name, state }) => name === service && state === 'running'))
      throw notRestarted(service, new Error('the supervisor of the stack is gone'));
    const restarted = await client?.request('restart', service).catch((error: unknown) => {
      throw notRestarted(service, error);
    });
    if (!restarted) throw neverStarted(service);
  }

  async stop(service: ServiceName): Promise<void> {
    const client = await this.#connected();
    await client?.request('stop', service);
  }

  async observe(): Promise<readonly ServiceObservation[]> {
    const client = await this.#connected();
    if (client) {
      try {
        return await client.request('observe', null, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw this.#noAnswer(error);
      }
    }
    return this.#observeRecorded();
  }

  #observeRecorded(): readonly ServiceObservation[] {
    return observeRecorded(this.#layout, namesOf(this.services), readState(this.#layout.stateFile));
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<readonly ServiceObservation[]> {
    let told: { readonly by: ControlClient; readonly count: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const client = await this.#connected();
      if (!client) {
        const known = this.#connections.count;
        yield this.#observeRecorded();
        await this.#connections.after(known, signal, SUPERVISOR_POLL_MS);
        continue;
      }
      try {
        const seen = told?.by === client ? told.count : null;
        const { count, services } = await client.request('changes', seen, signal);
        told = { by: client, count };
        yield services;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  logs(options: LogOptions): AsyncIterable<LogLine> {
    return serviceLogs(this.#layout, namesOf(this.services), options);
  }

  async down(): Promise<readonly ServiceName[]> {
    await this.close();
    return stopStack(this.#layout);
  }

  async wipe({ keepTopic }: { readonly keepTopic: boolean }): Promise<readonly string[]> {
    const running = (await this.observe()).filter(
      ({ state }) => state === 'running' || state === 'restarting',
    );
    if (running.length > 0) {
      throw new ProductError('STACK_RUNNING', {
        message: `Nothing is wiped while ${running.map(({ name }) => name).join(', ')} of this stack run.`,
        hint: `Run \`${userCommand('down')}\` first.`,
      });
    }
    return wipeRunDir(this.#layout, keepTopic);
  }

  async assertOwn(): Promise<void> {
    // RUN_DIR holds the whole stack, and its owner was checked before.
  }

  async otherOwner(): Promise<undefined> {
    // As above.
  }

  async takeOver(): Promise<readonly ServiceName[]> {
    return [];
  }

  faults(): Faults {
    return new LocalFaults(this.#layout, this.services);
  }

  async close(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
  }

  /** Connects to a living supervisor, if there is one. */
  async #connected(): Promise<ControlClient | undefined> {
    if (this.#client?.lost) this.#client = undefined;
    if (this.#client) return this.#client;
    const client = await connectToSupervisor(this.#layout);
    return this.#keep(client);
  }

  async #supervisor(signal: AbortSignal): Promise<ControlClient> {
    const connected = await this.#connected();
    if (connected) return connected;
    const environment = serviceEnvironment(this.#config.environment, this.#layout);
    const outlines = this.services.map(outlineOf);
    const client = await launchSupervisor(this.#layout, outlines, environment, signal);
    return this.#keep(client) ?? client;
  }

  /** Of two connections made at the same time one is enough. */
  #keep(client: ControlClient | undefined): ControlClient | undefined {
    if (this.#client && !this.#client.lost && client !== this.#client) client?.close();
    else this.#client = client;
    if (client) this.#connections.note();
    return this.#client;
  }

  #noAnswer(cause: unknown): ProductError {
    return new ProductError('STEP_FAILED', {
      message: `The supervisor of the stack in ${this.#layout.runDir} does not answer.`,
      hint: `See ${this.#layout.supervisorLog}; \`${userCommand('down')}\` ends it.`,
      cause,
    });
  }
}

/**
 * Returns the local runtime of a configuration, with provisioned tools and the services as their
 * files define them.
 */
export function localRuntime(config: StackConfig, services: readonly Service[]): LocalRuntime {
  const { checkMachine, steps, toolchain } = provisioning(config, services);
  const context = {
    config,
    layout: layoutOf(config, services),
    toolchain,
    outputPath: localOutputPath(config),
  };
  return new LocalRuntime(config, {
    services,
    launchOf: (name) => serviceLaunch(serviceNamed(services, name), context),
    setup: steps,
    checkTools: checkMachine,
  });
}

function layoutOf({ runDir }: StackConfig, services: readonly Service[]): RunLayout {
  return runLayout(
    runDir,
    services.flatMap(({ asProcess }) => asProcess.folders),
  );
}

/**
 * Returns OUTPUT_PATH. A relative path starts at the checkout, as in the other settings; a URI
 * stays as it is.
 */
export function localOutputPath({ settings, projectDir, outputDir }: StackConfig): string {
  const { OUTPUT_PATH } = settings;
  if (OUTPUT_PATH === undefined) return join(outputDir, 'parquet');
  return /^[a-z][a-z0-9+.-]*:/i.test(OUTPUT_PATH) ? OUTPUT_PATH : resolve(projectDir, OUTPUT_PATH);
}
