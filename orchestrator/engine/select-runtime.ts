import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pipelineOfOutputs } from '../lake/own-outputs.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { DetectedRuntime } from '../runtimes/detect.ts';
import { localRuntime } from '../runtimes/local/local-runtime.ts';
import type { Runtime, RuntimeName } from '../runtimes/runtime.ts';
import { servicesWith } from '../services/services.ts';
import { readEnvFile } from '../settings/env-file.ts';
import { isSame, type SettingTexts, settingTexts } from '../settings/load-settings.ts';
import { SETTING_NAMES, SETTING_TABLE } from '../settings/setting-table.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { isSameFolder, localPath } from '../util/files.ts';
import { checkoutOf, foreignStack, isCheckout, markFolder } from '../util/owned-folder.ts';
import { ProductError } from '../util/product-error.ts';
import type { Reporter } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';

/** A runtime and, in one line, why it was selected. */
export interface SelectedRuntime {
  readonly runtime: Runtime;
  readonly reason: string;
}

/**
 * Selects the runtime that holds the running stack, if one does; otherwise the one that RUNTIME
 * asks for. `auto` stays with the runtime that has the topic of the outputs. Without such a topic
 * it selects Compose when an engine and the plugin answer, and the engine can run the stack of this
 * checkout.
 * @param reporter receives a note when an engine is slow to answer
 * @throws ProductError NO_ENGINE when Compose is asked for
 */
export async function selectRuntime(config: StackConfig, reporter?: Reporter): Promise<SelectedRuntime> {
  const recorded = readRecordedStack(config);
  const chosen = await chooseRuntime(config, recorded, (text) => reporter?.emit({ type: 'note', text }));
  const services = servicesWith(config.settings);
  if (chosen.name === 'local') return { runtime: localRuntime(config, services), reason: chosen.reason };
  const { ComposeRuntime } = await import('../runtimes/compose/compose-runtime.ts');
  const runtime = new ComposeRuntime(config, chosen.engine, services, hasMadeData(config, recorded));
  return { runtime, reason: chosen.reason };
}

/** A stack of `docker compose up` leaves no record, but it leaves outputs with their checkpoint. */
function hasMadeData({ outputDir }: StackConfig, recorded: RecordedStack | undefined): boolean {
  return recorded ? recorded.runtime === 'compose' : existsSync(join(outputDir, 'parquet', '_chk'));
}

async function chooseRuntime(
  config: StackConfig,
  recorded: RecordedStack | undefined,
  onWait: (text: string) => void,
): Promise<DetectedRuntime> {
  const { settings, environment } = config;
  const wanted = settings.RUNTIME;
  const name = wanted === 'auto' ? recorded?.runtime : wanted;
  if (name === 'local') return { name, reason: reasonFor(name, recorded) };
  // Docker's client is loaded only where it may be needed: loading takes longer than a whole
  // command of the local runtime.
  const { detectRuntime, requireEngine } = await import('../runtimes/detect.ts');
  if (name === undefined) {
    const detected = await detectRuntime(environment, onWait);
    if (detected.name === 'local') return detected;
    const { composeObstacle } = await import('../runtimes/compose/compose-cli.ts');
    const obstacle = await composeObstacle(config, detected.engine);
    return obstacle
      ? { name: 'local', reason: `runtime local: not Compose, since ${obstacle.reason}` }
      : detected;
  }
  return {
    name,
    engine: await requireEngine(environment, onWait),
    reason: reasonFor(name, recorded),
  };
}

function reasonFor(name: RuntimeName, recorded: RecordedStack | undefined): string {
  if (recorded?.runtime !== name) return `runtime ${name}, as RUNTIME says`;
  if (recorded.running) return `runtime ${name}, which holds the running stack`;
  return `runtime ${name}, which has the topic that the outputs were made from`;
}

/**
 * Checks who owns RUN_DIR and OUTPUT_DIR before a command changes what is in them. A folder that
 * names no checkout is free.
 * @param takeOver whether this checkout takes over folders whose own checkout no longer exists
 * @throws ProductError FOREIGN_STACK, having changed nothing
 */
export function assertOwnFolders(config: StackConfig, takeOver: boolean): void {
  const foreign = foreignFolders(config);
  const held = foreign.find(({ owner }) => !takeOver || isCheckout(owner));
  if (held) throw foreignStack(held);
  for (const { take } of foreign) take();
}

/**
 * Warns when a command is about to read the stack or the outputs of another checkout. That is
 * allowed, but easily overlooked where both checkouts have the same project, ports or folders.
 */
export async function warnOfOtherOwner(
  config: StackConfig,
  runtime: Runtime,
  reporter: Reporter,
): Promise<void> {
  const other = await runtime.otherOwner();
  const folders = foreignFolders(config).map(({ what, owner }) => ({ what, checkout: owner }));
  for (const { what, checkout } of other ? [other, ...folders] : folders) {
    const text = `${what} belongs to the checkout ${checkout}: what follows is of that one, not of ${config.projectDir}`;
    reporter.emit({ type: 'warning', text });
  }
}

/**
 * Returns those of RUN_DIR and OUTPUT_DIR that another checkout owns, with how this checkout can
 * take them over.
 */
function foreignFolders(config: StackConfig) {
  const { projectDir, runDir, outputDir } = config;
  const folders = [
    {
      what: `The stack in RUN_DIR=${runDir}`,
      owner: readRecordedStack(config)?.checkout,
      instead: 'set RUN_DIR to a folder of this checkout',
      take: () => recordTakenOver(config),
    },
    {
      what: `OUTPUT_DIR=${outputDir}`,
      owner: checkoutOf(outputDir),
      instead: 'set OUTPUT_DIR to a folder of this checkout',
      take: () => markFolder(outputDir, projectDir),
    },
  ];
  return folders.flatMap(({ owner, ...folder }) =>
    owner === undefined || isSameFolder(owner, projectDir) ? [] : [{ ...folder, owner }],
  );
}

/**
 * Returns the pipeline that made the outputs: that of PIPELINE, or the copy kept with the outputs
 * where the two differ.
 * @throws ProductError BAD_SETTING, BAD_PIPELINE; OUTPUT_NOT_LOCAL
 */
export async function pipelineOf(
  { settings, projectDir }: Pick<StackConfig, 'settings' | 'projectDir'>,
  outputPath: string,
): Promise<Pipeline> {
  return pipelineOfOutputs(outputPath, loadPipeline(settings.PIPELINE, projectDir));
}

const texts = z.record(z.string(), z.string());
const recordedStack = z.object({
  runtime: z.enum(['local', 'compose']),
  /** The folder of the checkout that owns the stack; absent in records of earlier versions. */
  checkout: z.string().optional(),
  /** False after `down`: the runtime still has the topic that the outputs were made from. */
  running: z.boolean().default(true),
  /** The settings of the `up` that started the stack, as text. */
  settings: texts,
  /** The topic of its services; absent in older records, whose settings have it. */
  topic: z.string().optional(),
  /** The settings among them that flags or the environment gave; absent in older records. */
  told: texts.optional(),
  /** COMPOSE_PROJECT_NAME and CONTAINER_PREFIX where they were given; absent in older records. */
  compose: texts.optional(),
});

/**
 * What `up` records for later commands: which runtime holds the stack or its data, and with which
 * settings.
 */
export interface RecordedStack {
  readonly runtime: RuntimeName;
  readonly checkout?: string | undefined;
  readonly running: boolean;
  readonly settings: SettingTexts;
  readonly topic?: string | undefined;
  readonly told: SettingTexts;
  readonly compose: Readonly<Record<string, string>> | undefined;
}

/** Variables of Compose that select the containers and volumes. */
export const COMPOSE_NAMES = ['COMPOSE_PROJECT_NAME', 'CONTAINER_PREFIX'] as const;

const recordIn = (runDir: string) => join(runDir, 'stack.json');
const locationIn = (runDir: string) => join(runDir, 'stack-location.json');

/**
 * Returns the record of the stack that runs or ran in a run folder; undefined when there is none.
 * @throws ProductError OUTPUT_DAMAGED when the record does not have the right form
 */
export function readRecordedStack({ runDir, projectDir }: Pick<StackConfig, 'runDir' | 'projectDir'>) {
  const path = recordIn(runDir);
  const found = readJson(path, recordedStack);
  if (!found) return undefined;
  const settings: SettingTexts = found.settings;
  // A value that differs from the default must have been given.
  const told = found.told ?? differingFromDefaults(settings, projectDir);
  return { ...found, settings, told, compose: found.compose } satisfies RecordedStack;
}

/**
 * Returns where a stack that was started with a flag for RUN_DIR is. The folder that applies
 * without that flag records it.
 */
export function readStackLocation(plainRunDir: string): string | undefined {
  return readJson(locationIn(plainRunDir), z.object({ runDir: z.string() }))?.runDir;
}

/**
 * Writes the record atomically. Settings hold no secrets.
 * @param topic the one of its services, for as long as it runs
 */
export function recordStack(config: StackConfig, runtime: RuntimeName, topic?: string): void {
  const { runDir, plainRunDir, told } = config;
  write(recordIn(runDir), runDir, {
    runtime,
    checkout: config.projectDir,
    running: true,
    settings: { ...settingTexts(config.settings), RUNTIME: runtime },
    topic,
    told,
    compose: composeNames(config),
  });
  if (runDir === plainRunDir) rmSync(locationIn(plainRunDir), { force: true });
  else write(locationIn(plainRunDir), plainRunDir, { runDir });
}

/** Records that the stack was stopped and its data are kept. */
export function recordStopped(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded?.running) write(recordIn(config.runDir), config.runDir, { ...recorded, running: false });
}

/** Records this checkout as the owner of the stack. */
function recordTakenOver(config: StackConfig): void {
  const recorded = readRecordedStack(config);
  if (recorded) write(recordIn(config.runDir), config.runDir, { ...recorded, checkout: config.projectDir });
}

/**
 * Records that a start failed and was undone. If it has written no outputs, nothing ties the stack
 * to the runtime, and the next `up` may select another one.
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

/**
 * Returns COMPOSE_PROJECT_NAME and CONTAINER_PREFIX of this configuration, without those that are
 * not given.
 */
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
      hint: `Remove it, then run \`${userCommand('status')}\`: without it the settings given now apply.`,
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
