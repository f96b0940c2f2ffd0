import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readEnvFile } from '../config/env-file.ts';
import { isSame, type SettingTexts, settingTexts } from '../config/load-settings.ts';
import type { StackConfig } from '../config/stack-config.ts';
import { localPath } from '../core/local-path.ts';
import { ProductError } from '../core/product-error.ts';
import type { RuntimeName } from '../runtime/runtime.ts';
import { SETTING_NAMES, SETTING_TABLE } from '../settings/setting-table.ts';

const texts = z.record(z.string(), z.string());
const recordedStack = z.object({
  runtime: z.enum(['local', 'compose']),
  /** The folder of the checkout whose stack it is; absent in records of earlier versions. */
  checkout: z.string().optional(),
  /** False after `down`: the runtime still has the topic that the outputs were made from. */
  running: z.boolean().default(true),
  /** The settings of the `up` that started the stack, as text. */
  settings: texts,
  /** Those of them that flags or the environment gave; older records do not say. */
  told: texts.optional(),
  /** COMPOSE_PROJECT_NAME and CONTAINER_PREFIX where they were given; older records do not say. */
  compose: texts.optional(),
});

/** What `up` writes down for the commands that follow: which runtime holds the stack or its data, and with which settings. */
export interface RecordedStack {
  readonly runtime: RuntimeName;
  readonly checkout?: string | undefined;
  readonly running: boolean;
  readonly settings: SettingTexts;
  readonly told: SettingTexts;
  readonly compose: Readonly<Record<string, string>> | undefined;
}

/** Variables of Compose alone that say whose containers and volumes are meant. */
export const COMPOSE_NAMES = ['COMPOSE_PROJECT_NAME', 'CONTAINER_PREFIX'] as const;

const recordIn = (runDir: string) => join(runDir, 'stack.json');
const locationIn = (runDir: string) => join(runDir, 'stack-location.json');

/**
 * The record of the stack that runs or ran in a run folder, or undefined when there is nothing of it.
 * @throws ProductError OUTPUT_DAMAGED when the record is not of its form
 */
export function readRecordedStack({ runDir, projectDir }: Pick<StackConfig, 'runDir' | 'projectDir'>) {
  const path = recordIn(runDir);
  const found = readJson(path, recordedStack);
  if (!found) return undefined;
  const settings: SettingTexts = found.settings;
  // What is not the default was told by somebody.
  const told = found.told ?? differingFromDefaults(settings, projectDir);
  return { ...found, settings, told, compose: found.compose } satisfies RecordedStack;
}

/** Where a stack was started with a flag for RUN_DIR, as the folder that applies without that flag has it. */
export function readStackLocation(plainRunDir: string): string | undefined {
  return readJson(locationIn(plainRunDir), z.object({ runDir: z.string() }))?.runDir;
}

/** Writes the record in one piece; settings hold no secrets. */
export function recordStack(config: StackConfig, runtime: RuntimeName): void {
  const { runDir, plainRunDir, told } = config;
  write(recordIn(runDir), runDir, {
    runtime,
    checkout: config.projectDir,
    running: true,
    settings: { ...settingTexts(config.settings), RUNTIME: runtime },
    told,
    compose: composeNames(config),
  });
  if (runDir === plainRunDir) rmSync(locationIn(plainRunDir), { force: true });
  else write(locationIn(plainRunDir), plainRunDir, { runDir });
}

/** Notes that the stack was stopped and its data stay. */
export function recordStopped(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded?.running) write(recordIn(config.runDir), config.runDir, { ...recorded, running: false });
}

/** Makes the recorded stack this checkout's. */
export function recordTakenOver(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded) write(recordIn(config.runDir), config.runDir, { ...recorded, checkout: config.projectDir });
}

/**
 * Notes that a start failed and was undone. Where it has written no outputs nothing ties the stack to the runtime, so that the next
 * `up` may take another.
 * @param outputPath OUTPUT_PATH as the runtime gives it
 */
export function recordFailedStart(config: StackConfig, outputPath: string): void {
  const folder = localPath(outputPath);
  if (folder !== undefined && !existsSync(join(folder, '_chk'))) forgetStack(config);
  else recordStopped(config);
}

/** After a wipe nothing ties the stack to a runtime, a folder or a setting. */
export function forgetStack({ runDir, plainRunDir }: StackConfig): void {
  rmSync(recordIn(runDir), { force: true });
  if (readStackLocation(plainRunDir) === runDir) rmSync(locationIn(plainRunDir), { force: true });
}

/** COMPOSE_PROJECT_NAME and CONTAINER_PREFIX as this configuration has them, those that are not given left out. */
function composeNames({ environment, projectDir }: StackConfig): Readonly<Record<string, string>> {
  const file = readEnvFile(projectDir, environment);
  const given = COMPOSE_NAMES.flatMap((name) => {
    const value = environment[name] ?? file[name];
    return value ? [[name, value]] : [];
  });
  return Object.fromEntries(given);
}

function differingFromDefaults(settings: SettingTexts, projectDir: string): SettingTexts {
  const told = SETTING_NAMES.flatMap((name) => {
    const definition = SETTING_TABLE[name];
    const value = settings[name];
    const isDefault =
      value === undefined || ('default' in definition && isSame(name, value, definition.default, projectDir));
    return isDefault || name === 'RUNTIME' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(told);
}

function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ProductError('OUTPUT_DAMAGED', {
      message: `${path} is not the record of a stack as \`up\` writes it.`,
      hint: `Remove it, then run \`npm run status\`: without it the settings given now apply.`,
      cause,
    });
  }
}

function write(path: string, folder: string, content: object): void {
  mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(temporary, path);
}
