import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { execa } from 'execa';
import { shownValue } from '../../../producer/errors.ts';
import { pipelineFolder } from '../../pipeline/load-pipeline.ts';
import { readEnvFile } from '../../settings/env-file.ts';
import { settingTexts } from '../../settings/load-settings.ts';
import { SETTING_NAMES, type SettingName } from '../../settings/setting-table.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import { stackTopic } from '../../settings/stack-topic.ts';
import { ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import type { Engine } from './engine.ts';
import { unseenByEngine } from './shared-folders.ts';

/** Lines of a failed command's output that its error carries. */
const TAIL_LINES = 20;

interface ComposeCall {
  /** Its abort ends the command. */
  readonly signal?: AbortSignal;
  /** Receives each line of progress while the command works. */
  readonly onLine?: (line: string) => void;
  /** The service that the command concerns. */
  readonly service?: string;
}

/**
 * Runs `docker compose` with the stack's own file and variables, as a user would type it in the
 * install folder. All paths of the user's are among the variables.
 */
export type ComposeCommand = (args: readonly string[], call?: ComposeCall) => Promise<void>;

/** @param variables for the file; they take precedence over the environment */
export function composeCommand(
  config: StackConfig,
  variables: Readonly<Record<string, string>>,
): ComposeCommand {
  return async (args, { signal, onLine, service } = {}) => {
    signal?.throwIfAborted();
    const subprocess = execa('docker', ['compose', '--progress', 'plain', '--ansi', 'never', ...args], {
      cwd: config.installDir,
      env: { ...config.environment, ...variables },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      all: true,
      ...(signal && { cancelSignal: signal }),
    });
    if (onLine) {
      for await (const line of subprocess.iterable({ from: 'all' }))
        if (line.trim() !== '') onLine(line.trim());
    }
    const result = await subprocess;
    signal?.throwIfAborted();
    if (!result.failed) return;
    const lines = result.all.split('\n').filter((line) => line.trim() !== '');
    throw new ProductError('STEP_FAILED', {
      message: `\`docker compose ${args.join(' ')}\` failed${result.exitCode === undefined ? '' : ` with exit code ${result.exitCode}`}: ${lines.at(-1)?.trim() ?? result.shortMessage}.`,
      hint: `Correct what the engine names, then run \`${userCommand('up')}\` again; \`${userCommand('doctor')}\` checks the machine.`,
      logTail: lines.slice(-TAIL_LINES),
      cause: result,
      ...(service !== undefined && { service }),
    });
  };
}

/** Why an engine that answers cannot run the stack of this checkout. */
export interface ComposeObstacle {
  /** In a few words. */
  readonly reason: string;
  readonly hint: string;
}

/** The result by engine, which stays the same within one command. */
const found = new WeakMap<Engine, Promise<ComposeObstacle | undefined>>();

/** Checks for what keeps the stack from running in containers, before any container is created. */
export function composeObstacle(config: StackConfig, engine: Engine): Promise<ComposeObstacle | undefined> {
  const obstacle = found.get(engine) ?? lookForObstacle(config, engine);
  found.set(engine, obstacle);
  return obstacle;
}

async function lookForObstacle(
  config: StackConfig,
  { docker }: Engine,
): Promise<ComposeObstacle | undefined> {
  const proxy = loopbackProxy(config);
  if (proxy !== undefined) {
    return {
      reason: `${proxy} is a proxy of this machine alone, which neither image builds nor containers reach`,
      hint: `Name an address of the proxy that containers reach, unset it for this command where none is needed, or start without containers: \`${userCommand('up', '--runtime local')}\`.`,
    };
  }
  const unseen = await unseenByEngine(docker, config);
  if (unseen === undefined) return undefined;
  return {
    reason: unseen,
    hint: `Run the command where the engine runs, mount the checkout at the same path there, or start without containers: \`${userCommand('up', '--runtime local')}\`.`,
  };
}

/** @throws ProductError NO_ENGINE when the stack cannot run in containers of this engine */
export async function assertNoObstacle(config: StackConfig, engine: Engine): Promise<void> {
  const obstacle = await composeObstacle(config, engine);
  if (!obstacle) return;
  throw new ProductError('NO_ENGINE', {
    message: `Compose cannot be used: ${obstacle.reason}.`,
    hint: obstacle.hint,
  });
}

/** The `name:` of docker-compose.yml, which COMPOSE_PROJECT_NAME replaces. */
export const DEFAULT_PROJECT = 'medallion-stream';

/** Spark's user in a bare `docker compose up`, and where Spark must not run as root. */
const DEFAULT_OWNER = { uid: 1000, gid: 1000 };

/** Settings that do not apply to containers, or that have another value inside. */
const NOT_FOR_COMPOSE: ReadonlySet<SettingName> = new Set(['RUNTIME', 'RUN_DIR']);

/** The values for docker-compose.yml, computed once. */
export interface ComposeVariables {
  readonly project: string;
  /** The prefix of every container's fixed name. */
  readonly containerPrefix: string;
  readonly workers: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  /**
   * Every variable for the environment of `docker compose`. An empty one gives the file's default.
   */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The names that Compose and the engine accept. Both refuse other names only after some of our
 * steps have used them.
 */
const NAMES = {
  COMPOSE_PROJECT_NAME: {
    pattern: /^[a-z0-9][a-z0-9_-]{0,99}$/,
    allowed:
      'up to 100 lower-case letters, digits, hyphens and underscores, beginning with a letter or digit',
  },
  CONTAINER_PREFIX: {
    pattern: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/,
    allowed: 'up to 100 letters, digits, dots, hyphens and underscores, beginning with a letter or digit',
  },
} as const;

/**
 * @param rootless whether root in a container is the user outside
 * @throws ProductError BAD_SETTING for a name of project or containers that Compose would refuse
 */
export function composeVariables(config: StackConfig, rootless: boolean): ComposeVariables {
  const { settings } = config;
  const given = givenVariables(config);
  const workers = settings.SPARK_WORKERS;
  const owner = outputOwner(config, rootless);
  const forCompose = SETTING_NAMES.filter((name) => !NOT_FOR_COMPOSE.has(name));
  const texts = settingTexts(settings, forCompose);
  const environment = Object.fromEntries(forCompose.map((name) => [name, texts[name] ?? '']));
  const folder = pipelineFolder(settings.PIPELINE, config.projectDir);
  Object.assign(environment, {
    // The folder is mounted under that name in pipelines/, wherever it is.
    PIPELINE: basename(folder),
    PIPELINE_FOLDER: folder,
    ...topicVariables(config),
    OUTPUT_DIR: config.outputDir,
    OUTPUT_UID: String(owner.uid),
    OUTPUT_GID: String(owner.gid),
    SPARK_WORKER_UI_PORT: portRange(settings.SPARK_WORKER_UI_PORT, workers),
    SPARK_WORKER_MEM_LIMIT:
      given('SPARK_WORKER_MEM_LIMIT') ?? `${workerMemoryLimitMb(settings.SPARK_WORKER_MEMORY)}m`,
  });
  return {
    project: checkedName('COMPOSE_PROJECT_NAME', given) ?? DEFAULT_PROJECT,
    containerPrefix: checkedName('CONTAINER_PREFIX', given) ?? '',
    workers,
    owner,
    environment,
  };
}

/**
 * The topic, so that no container has to read the pipeline for it. The containers read it where it
 * is not given, and `down` must work where the pipeline is damaged.
 */
function topicVariables(config: StackConfig): Readonly<Record<string, string>> {
  try {
    const { name, partitions } = stackTopic(config);
    return { KAFKA_TOPIC: name, KAFKA_TOPIC_PARTITIONS: String(partitions) };
  } catch (error) {
    if (error instanceof ProductError) return {};
    throw error;
  }
}

function checkedName(
  name: keyof typeof NAMES,
  given: (name: string) => string | undefined,
): string | undefined {
  const value = given(name);
  const { pattern, allowed } = NAMES[name];
  if (value === undefined || pattern.test(value)) return value;
  throw new ProductError('BAD_SETTING', {
    message: `${name}=${shownValue(value)} is not allowed: it must be ${allowed}.`,
    hint: `Correct ${name} in the environment or .env.`,
  });
}

/**
 * Returns Compose's own variables and those of docker-compose.yml that are no settings, as Compose
 * finds them.
 */
function givenVariables({ environment, projectDir }: StackConfig): (name: string) => string | undefined {
  const file = readEnvFile(projectDir, environment);
  return (name: string): string | undefined => (environment[name] ?? file[name]) || undefined;
}

/**
 * Returns the user who runs this; for root the owner of the checkout, since no container runs as
 * root.
 */
function outputOwner({ settings, projectDir }: StackConfig, rootless: boolean): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? DEFAULT_OWNER.uid, gid: process.getgid?.() ?? DEFAULT_OWNER.gid };
  const checkout = statSync(projectDir);
  const owner = own.uid !== 0 ? own : checkout.uid !== 0 ? checkout : DEFAULT_OWNER;
  const { uid, gid } = rootless ? { uid: 0, gid: 0 } : owner;
  return { uid: settings.OUTPUT_UID ?? uid, gid: settings.OUTPUT_GID ?? gid };
}

/**
 * Returns one port for each worker: a range for several. A single port stays the same after a
 * restart; a port from a range may change.
 */
export function portRange(first: number, count: number): string {
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}

/** A JVM needs about a quarter on top of its heap, and the worker itself half a gigabyte. */
export function workerMemoryLimitMb(workerMemory: string): number {
  const [, count, unit] = /^(\d+)([mg])$/i.exec(workerMemory) ?? [];
  const megabytes = Number(count) * (unit?.toLowerCase() === 'g' ? 1024 : 1);
  return Math.ceil(megabytes * 1.25) + 1024;
}

/** In Compose's order: docker-compose.yml uses the second name where the first is not set. */
const PROXIES: readonly (readonly [string, string])[] = [
  ['HTTPS_PROXY', 'https_proxy'],
  ['HTTP_PROXY', 'http_proxy'],
];

/**
 * Finds a proxy that only this machine itself can reach. docker-compose.yml passes proxies to the
 * image build and to the driver, where 127.0.0.1 is the container.
 * @returns the proxy as NAME=value without a password, or undefined
 */
export function loopbackProxy(config: StackConfig): string | undefined {
  const given = givenVariables(config);
  const direct = (given('NO_PROXY') ?? given('no_proxy') ?? '').split(',').map((host) => host.trim());
  if (direct.includes('*')) return undefined;
  for (const names of PROXIES) {
    const name = names.find((candidate) => given(candidate) !== undefined);
    const value = name === undefined ? undefined : given(name);
    if (value === undefined) continue;
    const url = value.includes('://') ? value : `http://${value}`;
    if (!URL.canParse(url)) continue;
    const { hostname, host } = new URL(url);
    if (/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return `${name}=${host}`;
  }
  return undefined;
}
