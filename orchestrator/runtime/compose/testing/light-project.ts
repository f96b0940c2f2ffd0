import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { loadSettings } from '../../../config/load-settings.ts';
import { type StackConfig, stackConfig } from '../../../config/stack-config.ts';
import { SERVICES, type ServiceName } from '../../../core/services.ts';
import { ComposeRuntime } from '../compose-runtime.ts';
import type { Engine } from '../engine.ts';

export interface LightProjectOptions {
  /** What each service's container runs instead of its real work, for a shell. */
  readonly scripts: Readonly<Record<ServiceName, string>>;
  readonly graceMs: number;
}

let count = 0;

/** A Compose project with the services' names and restart policies, but containers that start at once. */
export class LightProject {
  readonly #engine: Engine;
  readonly #config: StackConfig;

  private constructor(engine: Engine, config: StackConfig) {
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
        },
      ]),
    );
    await writeFile(join(projectDir, 'docker-compose.yml'), JSON.stringify({ services }));
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
      },
    });
    const project = `medallion-test-${process.pid}-${count}`;
    const environment = { ...process.env, COMPOSE_PROJECT_NAME: project, CONTAINER_PREFIX: `${project}-` };
    return new LightProject(engine, stackConfig(settings, projectDir, environment));
  }

  runtime(): ComposeRuntime {
    return new ComposeRuntime(this.#config, this.#engine);
  }

  /** Ends a service's main process from outside the engine, which does not take that for a wish to stop it. */
  async crash(service: ServiceName): Promise<void> {
    const runtime = this.runtime();
    try {
      const container = (await runtime.observe()).find(({ name }) => name === service)?.container;
      if (container === undefined) throw new Error(`${service} has no container`);
      const { State } = await this.#engine.docker.getContainer(container).inspect();
      process.kill(State.Pid, 'SIGKILL');
    } finally {
      await runtime.close();
    }
  }

  async dispose(): Promise<void> {
    const { projectDir, environment } = this.#config;
    await execa('docker', ['compose', 'down', '--volumes', '--timeout', '0'], {
      cwd: projectDir,
      env: environment,
      extendEnv: false,
    });
    await rm(projectDir, { recursive: true });
  }
}
