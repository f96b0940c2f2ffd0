import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, parse, relative, resolve } from 'node:path';
import { ProductError } from '../core/product-error.ts';
import type { SettingTexts } from './load-settings.ts';
import type { SettingName, Settings } from './setting-table.ts';

/** Settings and the folders that follow from them, parsed once per command. All folders are absolute. */
export interface StackConfig {
  readonly settings: Settings;
  /** The checkout: where package.json, spark-app/ and producer/ are. */
  readonly projectDir: string;
  readonly outputDir: string;
  readonly runDir: string;
  /** Per-user cache of provisioned packages: XDG_CACHE_HOME/medallion-stream. */
  readonly cacheDir: string;
  /** What `up` was told by flag or environment, to be recorded with the stack. */
  readonly told: SettingTexts;
  /** RUNTIME as it is asked for where no data bind it. */
  readonly askedRuntime: Settings['RUNTIME'];
  /** RUN_DIR as the next command finds it when it has no flag for it. */
  readonly plainRunDir: string;
  /** The environment of this process, handed to children where they need proxies, certificates, PATH. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Works out the folders.
 * @throws ProductError UNSAFE_PATH when OUTPUT_DIR or RUN_DIR is a folder that the product must not own
 */
export function stackConfig(
  settings: Settings,
  projectDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): StackConfig {
  const outputDir = ownFolder('OUTPUT_DIR', settings.OUTPUT_DIR, projectDir);
  const runDir = ownFolder('RUN_DIR', settings.RUN_DIR, projectDir);
  if (contains(runDir, outputDir) || contains(outputDir, runDir)) {
    throw new ProductError('UNSAFE_PATH', {
      message: `OUTPUT_DIR (${outputDir}) and RUN_DIR (${runDir}) lie in one another.`,
      hint: 'Give them separate folders.',
    });
  }
  const cacheHome = environment['XDG_CACHE_HOME'];
  return {
    settings,
    told: {},
    askedRuntime: settings.RUNTIME,
    projectDir,
    outputDir,
    runDir,
    plainRunDir: runDir,
    cacheDir: join(
      cacheHome && isAbsolute(cacheHome) ? cacheHome : join(homedir(), '.cache'),
      'medallion-stream',
    ),
    environment,
  };
}

/** Refuses folders that hold other things by their nature: roots, homes, the temporary folder, the checkout and its parents. */
function ownFolder(name: SettingName, value: string, projectDir: string): string {
  const path = resolve(projectDir, value);
  const held = [parse(path).root, homedir(), tmpdir(), projectDir, join(projectDir, 'data')];
  const sources = [
    'spark-app',
    'producer',
    'orchestrator',
    'node_modules',
    '.git',
    'tests',
    'docs',
    'data/fixtures',
  ];
  const above = held.some((folder) => contains(path, folder));
  const inSources = sources.some((folder) => contains(join(projectDir, folder), path));
  if (!above && !inSources && dirname(path) !== parse(path).root) return path;
  throw new ProductError('UNSAFE_PATH', {
    message: `${name}=${JSON.stringify(value)} is ${path}, a folder that is not for this stack alone.`,
    hint: `Name a folder of its own, such as ${name}=./data/${name === 'RUN_DIR' ? 'run' : 'output'}.`,
  });
}

/** Whether `inner` is `outer` or lies below it. */
function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}
