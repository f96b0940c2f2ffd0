import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { ComposeRuntime } from '../../orchestrator/runtimes/compose/compose-runtime.ts';
import type { Engine } from '../../orchestrator/runtimes/compose/engine.ts';
import type { ServiceName } from '../../orchestrator/services/service-name.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { runFolders, type StackConfig, stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { fileLockOwner } from '../../orchestrator/util/file-lock.ts';

export interface LightProjectOptions {
  /** The shell script that each service's container runs instead of its real work. */
  readonly scripts: Readonly<Record<ServiceName, string>>;
  readonly graceMs: number;
}

let count = 0;

/**
 * A Compose project with the services' names and restart policies, whose containers start at once.
 */
export class LightProject {
  /** The name in Compose. */
  readonly name: string;
  readonly #engine: Engine;
  readonly #config: StackConfig;

  private constructor(name: string, engine: Engine, config: StackConfig) {
    this.name = name;
    this.#engine = engine;
    this.#config = config;
  }

  static async create(engine: Engine, { scripts, graceMs }: LightProjectOptions): Promise<LightProject> {
    const projectDir = await mkdtemp(join(tmpdir(), 'medallion-compose-'));
    const services = Object.fromEntries(
      SERVICES.map(({ name, kind }) => [
        name,
        {
          image: process.env['NODE_IMAGE'] || 'node:24-bookworm-slim',
          user: '1000:1000',
          restart: kind === 'one-shot' ? 'no' : 'unless-stopped',
          stop_grace_period: `${graceMs}ms`,
          entrypoint: ['sh', '-c', scripts[name]],
          ...(name === 'kafka' && { volumes: ['kafka-data:/data'] }),
        },
      ]),
    );
    await writeFile(
      join(projectDir, 'docker-compose.yml'),
      JSON.stringify({ services, volumes: { 'kafka-data': null } }),
    );
    count += 1;
    const settings = loadSettings({
      flags: {},
      projectDir,
      environment: {
        ZOOKEEPER_PORT: '32181',
        KAFKA_PORT: '32182',
        SPARK_MASTER_PORT: '32183',
        SPARK_MASTER_UI_PORT: '32184',
        SPARK_WORKER_UI_PORT: '32185',
        SPARK_APP_UI_PORT: '32186',
        DASHBOARD_PORT: '32187',
      },
    });
    const project = `medallion-test-${process.pid}-${count}`;
    const environment = { ...process.env, COMPOSE_PROJECT_NAME: project, CONTAINER_PREFIX: `${project}-` };
    return new LightProject(project, engine, stackConfig(settings, projectDir, environment));
  }

  /**
   * The same project seen from another checkout: a copy of this one's folder, whose project has the
   * same name.
   */
  async otherCheckout(): Promise<LightProject> {
    const { settings, projectDir, environment } = this.#config;
    const other = await mkdtemp(join(tmpdir(), 'medallion-compose-'));
    await cp(projectDir, other, {
      recursive: true,
      filter: (path) => !path.startsWith(join(projectDir, 'data')),
    });
    return new LightProject(this.name, this.#engine, stackConfig(settings, other, environment));
  }

  /** The same checkout after its folder was renamed. */
  async moved(): Promise<LightProject> {
    const { settings, projectDir, environment } = this.#config;
    const to = `${projectDir}-moved`;
    await rename(projectDir, to);
    return new LightProject(this.name, this.#engine, stackConfig(settings, to, environment));
  }

  get folder(): string {
    return this.#config.projectDir;
  }

  /** `docker compose` as a user types it in the checkout. */
  async compose(...args: readonly string[]): Promise<void> {
    const { projectDir, environment } = this.#config;
    await execa('docker', ['compose', ...args], { cwd: projectDir, env: environment, extendEnv: false });
  }

  /** The same checkout, reached by another path. */
  through(path: string): LightProject {
    const { settings, environment } = this.#config;
    return new LightProject(this.name, this.#engine, stackConfig(settings, path, environment));
  }

  runtime({ hasMadeData = false } = {}): ComposeRuntime {
    return new ComposeRuntime(this.#config, this.#engine, SERVICES, hasMadeData);
  }

  /**
   * Ends a service's main process from outside the engine. The engine does not take that for a
   * request to stop it.
   */
  async crash(service: ServiceName): Promise<void> {
    const container = await this.#containerOf(service);
    const { State } = await this.#engine.docker.getContainer(container).inspect();
    process.kill(State.Pid, 'SIGKILL');
  }

  /** Waits until the watcher reports that it watches. */
  async watching(): Promise<void> {
    await vi.waitFor(
      () => {
        if (!readFileSync(this.watchLog, 'utf8').includes('watching')) {
          throw new Error('the watcher has not begun');
        }
      },
      { timeout: 20_000 },
    );
  }

  get watchLog(): string {
    return join(runFolders(this.#config.runDir).logs, 'compose-watch.log');
  }

  async watcherPid(): Promise<number | undefined> {
    return fileLockOwner(join(runFolders(this.#config.runDir).control, 'compose-watch.lock'))?.pid;
  }

  /** What a user does to a service with the `docker` command. */
  async docker(command: 'kill' | 'stop', service: ServiceName, ...options: readonly string[]): Promise<void> {
    await execa('docker', [command, ...options, await this.#containerOf(service)], {
      env: this.#config.environment,
      extendEnv: false,
    });
  }

  async dispose(): Promise<void> {
    const runtime = this.runtime();
    try {
      await runtime.down();
      await this.compose('down', '--volumes');
      // Without data nothing records to whom the project belongs.
      await runtime.down();
    } finally {
      await runtime.close();
    }
    await rm(this.folder, { recursive: true });
  }

  async #containerOf(service: ServiceName): Promise<string> {
    const runtime = this.runtime();
    try {
      const container = (await runtime.observe()).find(({ name }) => name === service)?.container;
      if (container === undefined) throw new Error(`${service} has no container`);
      return container;
    } finally {
      await runtime.close();
    }
  }
}
