import type Docker from 'dockerode';
import { execa } from 'execa';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { projectDir } from './project.ts';
import { TestStack } from './test-stack.ts';

let count = 0;

/**
 * A stack of its own with Compose: a project, container names, volumes and ports that nothing else
 * uses.
 */
export class ComposeStack {
  readonly stack: TestStack;
  readonly project: string;
  readonly #docker: Docker;

  private constructor(stack: TestStack, project: string, docker: Docker) {
    this.stack = stack;
    this.project = project;
    this.#docker = docker;
  }

  /** @param workers how many workers the stack will have at most */
  static async create(
    docker: Docker,
    workers: number,
    settings: Readonly<Record<string, string>>,
  ): Promise<ComposeStack> {
    count += 1;
    const project = `medallion-e2e-${process.pid}-${count}`;
    const own = { RUNTIME: 'compose', COMPOSE_PROJECT_NAME: project, CONTAINER_PREFIX: `${project}-` };
    const stack = await TestStack.create({ ...own, ...settings }, workers);
    return new ComposeStack(stack, project, docker);
  }

  /**
   * `docker compose` as a user types it in the checkout, with OUTPUT_UID in `.env` as the README
   * says.
   */
  compose(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
    const owner = process.getuid?.()
      ? { OUTPUT_UID: `${process.getuid()}`, OUTPUT_GID: `${process.getgid?.()}` }
      : {};
    return execa('docker', ['compose', ...args], {
      cwd: projectDir,
      env: { ...this.stack.environment, ...owner, ...settings },
    });
  }

  /** The container of a service; of several workers the first. */
  async container(service: string): Promise<Docker.ContainerInspectInfo> {
    const found = await this.containers(service);
    const first = found[0];
    if (!first) throw new Error(`${service} has no container`);
    return first;
  }

  /** `docker kill` of a service's container. */
  async kill(service: string): Promise<void> {
    const { Id } = await this.container(service);
    await this.#docker.getContainer(Id).kill();
  }

  /** Runs `during` while a service's container stands still (`docker pause`). */
  async whilePaused(service: string, during: () => Promise<void>): Promise<void> {
    const container = this.#docker.getContainer((await this.container(service)).Id);
    await container.pause();
    try {
      await during();
    } finally {
      await container.unpause();
    }
  }

  /** Every container of the project, or of one service, by name. */
  async containers(service?: string): Promise<Docker.ContainerInspectInfo[]> {
    const label = [this.#label];
    if (service !== undefined) label.push(`com.docker.compose.service=${service}`);
    const found = await this.#docker.listContainers({ all: true, filters: { label } });
    const inspected = await Promise.all(found.map(({ Id }) => this.#docker.getContainer(Id).inspect()));
    return inspected.toSorted((one, other) => one.Name.localeCompare(other.Name));
  }

  async networks(): Promise<string[]> {
    return (await this.#docker.listNetworks({ filters: { label: [this.#label] } })).map(({ Name }) => Name);
  }

  /** The names of the project's volumes without the project's prefix, sorted. */
  async volumes(): Promise<string[]> {
    const { Volumes } = await this.#docker.listVolumes({ filters: { label: [this.#label] } });
    return Volumes.map(({ Name }) => Name.replace(`${this.project}_`, '')).toSorted();
  }

  /** Stops everything that runs and removes every trace, including the built image. */
  async discard(): Promise<void> {
    await this.compose(['down', '--volumes', '--rmi', 'local', '--remove-orphans']);
    await this.stack.discard();
  }

  get #label(): string {
    return `com.docker.compose.project=${this.project}`;
  }
}

/** The services that run for as long as the stack does. */
export const DAEMONS = SERVICES.filter(({ kind }) => kind === 'daemon').map(({ name }) => name);
