import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadSettings } from '../config/load-settings.ts';
import { SETTING_NAMES, type SettingName } from '../config/setting-table.ts';
import { type StackConfig, stackConfig } from '../config/stack-config.ts';
import { localPath } from '../outputs/local-path.ts';
import type { RuntimeName } from '../runtime/runtime.ts';

const recordedStack = z.object({
  runtime: z.enum(['local', 'compose']),
  /** The folder of the checkout whose stack it is; absent in records of earlier versions. */
  checkout: z.string().optional(),
  /** False after `down`: the runtime still has the topic that the outputs were made from. */
  running: z.boolean().default(true),
  /** The settings of the `up` that started the stack, as text. */
  settings: z.record(z.string(), z.string()),
});

/** What `up` writes down for the commands that follow: which runtime holds the stack or its data, and with which settings. */
export type RecordedStack = z.output<typeof recordedStack>;

const fileOf = (config: StackConfig) => join(config.runDir, 'stack.json');

/** The record of the stack that runs or ran, or undefined when there is nothing of it. */
export function readRecordedStack(config: StackConfig): RecordedStack | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(config), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return recordedStack.parse(JSON.parse(text));
}

/** Writes the record in one piece; settings hold no secrets. */
export function recordStack(config: StackConfig, runtime: RuntimeName): void {
  write(config, {
    runtime,
    checkout: config.projectDir,
    running: true,
    settings: settingsAsText(config),
  });
}

/** Notes that the stack was stopped and its data stay. */
export function recordStopped(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded?.running) write(config, { ...recorded, running: false });
}

/** Makes the recorded stack this checkout's. */
export function recordTakenOver(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded) write(config, { ...recorded, checkout: config.projectDir });
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

/** After a wipe nothing ties the stack to a runtime. */
export function forgetStack(config: StackConfig): void {
  rmSync(fileOf(config), { force: true });
}

function write(config: StackConfig, record: RecordedStack): void {
  mkdirSync(config.runDir, { recursive: true });
  const temporary = `${fileOf(config)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(temporary, fileOf(config));
}

/** The configuration with the settings that the running stack was started with; as it is when none was recorded as running. */
export function recordedConfig(config: StackConfig): StackConfig {
  const recorded = readRecordedStack(config);
  if (!recorded?.running) return config;
  const flags: Partial<Record<SettingName, string>> = { RUNTIME: recorded.runtime };
  for (const name of SETTING_NAMES) {
    const value = recorded.settings[name];
    if (name !== 'RUNTIME' && value !== undefined) flags[name] = value;
  }
  const { projectDir, environment } = config;
  const { KAFKA_BOOTSTRAP_SERVERS } = environment;
  const settings = loadSettings({ flags, environment: { KAFKA_BOOTSTRAP_SERVERS }, projectDir });
  return stackConfig(settings, projectDir, environment);
}

/** The settings in which the present configuration differs from the running stack's, as "NAME old → new". */
export function changedSettings(config: StackConfig, recorded: RecordedStack): readonly string[] {
  const present = settingsAsText(config);
  return SETTING_NAMES.filter((name) => name !== 'RUNTIME' && present[name] !== recorded.settings[name]).map(
    (name) => `${name} ${recorded.settings[name] ?? 'unset'} → ${present[name] ?? 'unset'}`,
  );
}

function settingsAsText(config: StackConfig): Partial<Record<SettingName, string>> {
  const text: Partial<Record<SettingName, string>> = {};
  for (const name of SETTING_NAMES) {
    const value = config.settings[name];
    if (value !== undefined && name !== 'KAFKA_BOOTSTRAP_SERVERS') text[name] = String(value);
  }
  return text;
}
