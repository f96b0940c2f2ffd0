import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { shownValue } from '../../../producer/shown-value.ts';
import { readEnvFile } from '../../config/env-file.ts';
import { settingTexts } from '../../config/load-settings.ts';
import type { StackConfig } from '../../config/stack-config.ts';
import { ProductError } from '../../core/product-error.ts';
import { pipelineFolder } from '../../pipeline/load-pipeline.ts';
import { SETTING_NAMES, type SettingName } from '../../settings/setting-table.ts';

/** The `name:` of docker-compose.yml, which COMPOSE_PROJECT_NAME replaces. */
export const DEFAULT_PROJECT = 'medallion-stream';

/** Whom Spark runs as in a bare `docker compose up`, and where root must not. */
const DEFAULT_OWNER = { uid: 1000, gid: 1000 };

/** Settings that are not for containers, or that mean something else inside. */
const NOT_FOR_COMPOSE: ReadonlySet<SettingName> = new Set(['RUNTIME', 'RUN_DIR']);

/** What docker-compose.yml is filled in with, worked out once. */
export interface ComposeVariables {
  readonly project: string;
  /** In front of every container's fixed name. */
  readonly containerPrefix: string;
  readonly workers: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Every variable for the environment of `docker compose`. An empty one gives the file's default. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What Compose and the engine take; both refuse other names only after others of our steps have used them. */
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
 * @param rootless whether the engine's root is the user outside
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
    // The folder is mounted as one of that name in pipelines/, wherever it is.
    PIPELINE: basename(folder),
    PIPELINE_FOLDER: folder,
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

/** Variables of Compose's own and of docker-compose.yml that are no settings: as Compose finds them. */
export function givenVariables({
  environment,
  projectDir,
}: StackConfig): (name: string) => string | undefined {
  const file = readEnvFile(projectDir, environment);
  return (name: string): string | undefined => (environment[name] ?? file[name]) || undefined;
}

/** The user who runs this; for root the owner of the checkout, since no container runs as root. */
function outputOwner({ settings, projectDir }: StackConfig, rootless: boolean): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? DEFAULT_OWNER.uid, gid: process.getgid?.() ?? DEFAULT_OWNER.gid };
  const checkout = statSync(projectDir);
  const whoever = own.uid !== 0 ? own : checkout.uid !== 0 ? checkout : DEFAULT_OWNER;
  const { uid, gid } = rootless ? { uid: 0, gid: 0 } : whoever;
  return { uid: settings.OUTPUT_UID ?? uid, gid: settings.OUTPUT_GID ?? gid };
}

/** One port for each worker: a range for several. A single port stays the same after a restart, one of a range may not. */
export function portRange(first: number, count: number): string {
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}

/** A JVM needs about a quarter beside its heap, and the worker's own half a gigabyte. */
export function workerMemoryLimitMb(workerMemory: string): number {
  const [, count, unit] = /^(\d+)([mg])$/i.exec(workerMemory) ?? [];
  const megabytes = Number(count) * (unit?.toLowerCase() === 'g' ? 1024 : 1);
  return Math.ceil(megabytes * 1.25) + 1024;
}
