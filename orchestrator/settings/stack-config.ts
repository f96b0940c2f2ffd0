import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, parse, relative, resolve } from 'node:path';
import { shownValue } from '../../producer/errors.ts';
import { homeFolder, localPath } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import type { SettingTexts } from './load-settings.ts';
import { durationMs } from './setting-kinds.ts';
import type { SettingName, Settings } from './setting-table.ts';

/**
 * Settings and the folders derived from them, parsed once per command. All folders are absolute.
 */
export interface StackConfig {
  readonly settings: Settings;
  /** The product itself: where docker-compose.yml, spark-app/ and producer/ are. */
  readonly installDir: string;
  /**
   * The user's folder: where `.env`, pipelines/ and, by default, data/ are. In a checkout it is the
   * install folder, too.
   */
  readonly projectDir: string;
  readonly outputDir: string;
  readonly runDir: string;
  /** Per-user cache of provisioned packages: XDG_CACHE_HOME/medallion-stream. */
  readonly cacheDir: string;
  /** What `up` received as flags or from the environment. It is recorded with the stack. */
  readonly told: SettingTexts;
  /** RUNTIME as the user asked for it, before existing data bind it. */
  readonly askedRuntime: Settings['RUNTIME'];
  /** RUN_DIR as the next command finds it without a flag. */
  readonly plainRunDir: string;
  /**
   * The topic that the services of the running stack have, even where the pipeline names another
   * one in the meantime.
   */
  readonly startedTopic?: string | undefined;
  /**
   * The environment of this process, passed to children that need proxies, certificates or PATH.
   */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Places = Pick<StackConfig, 'projectDir' | 'installDir'>;

/**
 * Derives the folders from the settings.
 * @param installDir the product itself, where that is not the user's folder
 * @throws ProductError UNSAFE_PATH when OUTPUT_DIR, OUTPUT_PATH or RUN_DIR is a folder that the
 * product must not own
 */
export function stackConfig(
  settings: Settings,
  projectDir: string,
  environment: Readonly<Record<string, string | undefined>>,
  installDir = projectDir,
): StackConfig {
  const places = { projectDir, installDir };
  const outputDir = ownFolder('OUTPUT_DIR', settings.OUTPUT_DIR, places);
  const runDir = ownFolder('RUN_DIR', settings.RUN_DIR, places);
  if (contains(runDir, outputDir) || contains(outputDir, runDir)) {
    throw new ProductError('UNSAFE_PATH', {
      message: `OUTPUT_DIR (${outputDir}) and RUN_DIR (${runDir}) lie in one another.`,
      hint: 'Give them separate folders.',
    });
  }
  refuseUnsafeOutputPath(settings, places, runDir);
  const cacheHome = environment['XDG_CACHE_HOME'];
  return {
    settings,
    told: {},
    askedRuntime: settings.RUNTIME,
    installDir,
    projectDir,
    outputDir,
    runDir,
    plainRunDir: runDir,
    cacheDir: join(
      cacheHome && isAbsolute(cacheHome) ? cacheHome : join(homeFolder(), '.cache'),
      'medallion-stream',
    ),
    environment,
  };
}

/** Refuses folders that always hold other things, and folders directly below the root. */
function ownFolder(name: SettingName, value: string, places: Places): string {
  const path = resolve(places.projectDir, value);
  if (!isHeldByOthers(path, places) && dirname(path) !== parse(path).root) return path;
  throw unsafePath(name, value, path, name === 'RUN_DIR' ? './data/run' : './data/output');
}

/**
 * Refuses an OUTPUT_PATH that is not safe to use: the job creates folders named bronze and silver
 * in it, and `reset` deletes what the job made there.
 */
function refuseUnsafeOutputPath({ OUTPUT_PATH }: Settings, places: Places, runDir: string): void {
  if (OUTPUT_PATH === undefined) return;
  const isUri = /^[a-z][a-z0-9+.-]*:/i.test(OUTPUT_PATH);
  const path = isUri ? localPath(OUTPUT_PATH) : resolve(places.projectDir, OUTPUT_PATH);
  // The job refuses it, too.
  if (path === undefined && !/^[^:]+:(\/\/[^/]*\/+|\/)[^/]/.test(OUTPUT_PATH)) {
    throw new ProductError('UNSAFE_PATH', {
      message: `OUTPUT_PATH=${shownValue(OUTPUT_PATH)} names no folder below the root of a file system.`,
      hint: 'Name one, such as OUTPUT_PATH=s3a://bucket/medallion.',
    });
  }
  if (path === undefined || !(isHeldByOthers(path, places) || contains(runDir, path))) return;
  throw unsafePath('OUTPUT_PATH', OUTPUT_PATH, path, './data/output/parquet');
}

function unsafePath(name: SettingName, value: string, path: string, example: string): ProductError {
  return new ProductError('UNSAFE_PATH', {
    message: `${name}=${shownValue(value)} is ${path}, a folder that is not for this stack alone.`,
    hint: `Name a folder of its own, such as ${name}=${example}.`,
  });
}

/**
 * Whether it is a root, a home, the temporary folder, the checkout, a parent of these, among the
 * sources, or no folder for files.
 */
function isHeldByOthers(path: string, { projectDir, installDir }: Places): boolean {
  const held = [parse(path).root, homeFolder(), tmpdir(), installDir, projectDir, join(projectDir, 'data')];
  const sources = [
    'spark-app',
    'pipelines',
    'producer',
    'dashboard',
    'orchestrator',
    'node_modules',
    '.git',
    'tests',
    'docs',
    'data/fixtures',
  ];
  // Node hangs for ever when it creates a folder there (mkdir with `recursive`).
  const isVirtual = ['/proc', '/sys'].some((folder) => contains(folder, path));
  const above = held.some((folder) => contains(path, folder));
  const inSources = [projectDir, installDir].some((root) =>
    sources.some((folder) => contains(join(root, folder), path)),
  );
  return above || inSources || isVirtual;
}

/** Whether `inner` is `outer` or lies below it. */
function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}

/** Milliseconds of a checked TRIGGER_INTERVAL such as "30 seconds". */
export function triggerIntervalMs(interval: string): number {
  const ms = durationMs(interval);
  if (ms === undefined) throw new Error(`no trigger interval: ${interval}`);
  return ms;
}

/** Gold lists silver's folder at each trigger. By default it does so no more often than this. */
const LEAST_GOLD_MS = 10_000;

/**
 * Milliseconds between two triggers of gold: those of a checked GOLD_TRIGGER_INTERVAL, or its
 * default.
 */
export function goldTriggerIntervalMs(goldInterval: string | undefined, interval: string): number {
  return goldInterval === undefined
    ? Math.max(LEAST_GOLD_MS, triggerIntervalMs(interval))
    : triggerIntervalMs(goldInterval);
}

/**
 * Milliseconds until Spark's next trigger: batches start at multiples of the interval since the
 * epoch. Source: org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor.nextBatchTime.
 */
export function untilNextTriggerMs(intervalMs: number, nowMs: number): number {
  if (intervalMs === 0) return 0;
  return (Math.floor(nowMs / intervalMs) + 1) * intervalMs - nowMs;
}

/** The folders of RUN_DIR that every runtime uses. */
export interface RunFolders {
  readonly logs: string;
  /** Locks and sockets (0700); deleted when nothing of the stack runs. */
  readonly control: string;
}

export function runFolders(runDir: string): RunFolders {
  return { logs: join(runDir, 'logs'), control: join(runDir, 'control') };
}
