import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunLayout, runDirOf, runLayout } from '../../orchestrator/runtimes/local/launch.ts';
import { LocalRuntime } from '../../orchestrator/runtimes/local/local-runtime.ts';
import { serviceEnvironment } from '../../orchestrator/runtimes/local/process-launch.ts';
import { readState } from '../../orchestrator/runtimes/local/state-file.ts';
import type {
  RestartPolicy,
  ServiceSpec,
} from '../../orchestrator/runtimes/local/supervisor/service-spec.ts';
import type { ServiceObservation } from '../../orchestrator/runtimes/runtime.ts';
import { serviceNamed } from '../../orchestrator/services/service.ts';
import type { ServiceName } from '../../orchestrator/services/service-name.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { type StackConfig, stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { isAlive, signalProcess } from '../../orchestrator/util/processes.ts';
import { freePorts } from './free-ports.ts';

/** Short pauses. Everything else is as in the product. */
const QUICK_RESTARTS: RestartPolicy = {
  firstDelayMs: 50,
  maxDelayMs: 400,
  steadyAfterMs: 60_000,
  maxFastFailures: 4,
};

const PORT_SETTINGS = [
  'ZOOKEEPER_PORT',
  'KAFKA_PORT',
  'SPARK_MASTER_PORT',
  'SPARK_MASTER_UI_PORT',
  'SPARK_WORKER_UI_PORT',
  'SPARK_APP_UI_PORT',
  'DASHBOARD_PORT',
];

/** A stack with the real supervisor, whose services are shell scripts. */
export class LightStack {
  readonly config: StackConfig;
  readonly layout: RunLayout;
  readonly #folder: string;
  readonly #scripts: Partial<Record<ServiceName, string>>;
  readonly #graceMs: number;

  private constructor(folder: string, config: StackConfig, options: LightStackOptions) {
    this.#folder = folder;
    this.config = config;
    this.layout = runLayout(config.runDir);
    this.#scripts = options.scripts ?? {};
    this.#graceMs = options.graceMs ?? 2000;
  }

  static async create(options: LightStackOptions = {}): Promise<LightStack> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'light-stack-'));
    const ports = await freePorts(PORT_SETTINGS.length);
    const environment = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      RUN_DIR: join(folder, ...(options.below ?? []), 'run'),
      OUTPUT_DIR: join(folder, 'output'),
      ...Object.fromEntries(PORT_SETTINGS.map((name, index) => [name, String(ports[index])])),
      ...options.environment,
    };
    const settings = loadSettings({ flags: {}, environment, projectDir: folder });
    return new LightStack(folder, stackConfig(settings, folder, environment), options);
  }

  runtime(): LocalRuntime {
    return new LocalRuntime(this.config, {
      services: SERVICES,
      launchOf: (service) => ({ spec: this.#spec(service), folders: [], files: [] }),
      setup: [],
      checkTools: async () => undefined,
    });
  }

  /** Process id of a running service's main process. */
  pidOf(service: ServiceName): number {
    const found = readState(this.layout.stateFile)?.services.find(({ name }) => name === service);
    if (!found?.process) throw new Error(`${service} does not run`);
    return found.process.pid;
  }

  get supervisorPid(): number {
    const supervisor = readState(this.layout.stateFile)?.supervisor;
    if (!supervisor || !isAlive(supervisor)) throw new Error('no supervisor runs');
    return supervisor.pid;
  }

  /** Every process of this stack including the supervisor, found by its environment. */
  processes(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => runDirOf(pid) === this.layout.runDir);
  }

  /** Stops the stack, by force if necessary, and removes its folder. */
  async dispose(): Promise<void> {
    const runtime = this.runtime();
    await runtime.down();
    const left = this.processes();
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true });
    if (left.length > 0) throw new Error(`processes ${left.join(', ')} were left running`);
  }

  #spec(name: ServiceName): ServiceSpec {
    const { kind, finalExitCodes } = serviceNamed(SERVICES, name);
    const script = this.#scripts[name] ?? `echo ${name} began; exec sleep 1000`;
    return {
      name,
      kind,
      finalExitCodes,
      command: '/bin/sh',
      args: ['-c', script],
      env: serviceEnvironment(this.config.environment, this.layout),
      cwd: this.layout.runDir,
      stopGraceMs: this.#graceMs,
      cleanShutdownFile: join(this.layout.runDir, `${name}-closed`),
      restart: QUICK_RESTARTS,
    };
  }
}

export interface LightStackOptions {
  /** Shell scripts in place of services. Services without one write `<service> began` and sleep. */
  readonly scripts?: Partial<Record<ServiceName, string>>;
  readonly graceMs?: number;
  /** Folders between the stack's and RUN_DIR. */
  readonly below?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One service in the runtime's present view. */
export async function look(runtime: LocalRuntime, service: ServiceName): Promise<ServiceObservation> {
  const found = (await runtime.observe()).find(({ name }) => name === service);
  if (!found) throw new Error(`${service} is not observed`);
  return found;
}
