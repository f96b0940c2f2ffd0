import { resolve } from 'node:path';
import { quoted } from '../../producer/command/npm-flags.ts';
import { shortened } from '../../producer/errors.ts';
import type { ServiceObservation } from '../runtimes/runtime.ts';
import { SERVICES } from '../services/services.ts';
import { readEnvFile } from '../settings/env-file.ts';
import {
  flagOf,
  isSame,
  type LoadedSettings,
  resolveSettings,
  type SettingSources,
  type SettingTexts,
} from '../settings/load-settings.ts';
import { SETTING_NAMES, SETTING_TABLE, type SettingName } from '../settings/setting-table.ts';
import { type StackConfig, stackConfig } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import {
  COMPOSE_NAMES,
  type RecordedStack,
  readRecordedStack,
  readStackLocation,
  selectRuntime,
} from './select-runtime.ts';

/**
 * What a command was given, and whether bad values of settings that it does not need are ignored.
 */
export interface StackRequest extends Omit<SettingSources, 'record'> {
  /** The product itself, where that is not the user's folder. */
  readonly installDir?: string | undefined;
  /**
   * Whether the command only reads outputs. A flag may then name outputs other than those of the
   * running stack.
   */
  readonly readsOutputs?: boolean;
  /** See `Command.startsStack`. */
  readonly startsStack?: 'with-its-data' | 'afresh' | undefined;
}

/** The settings that `reset` may change even of a running stack, because it wipes what they made. */
const CHANGED_AFRESH: readonly SettingName[] = [
  'PIPELINE',
  'KAFKA_TOPIC',
  'KAFKA_TOPIC_PARTITIONS',
  'PRODUCERS',
];

/** The settings that locate the outputs to read. */
const OUTPUT_PLACES: readonly SettingName[] = ['OUTPUT_DIR', 'OUTPUT_PATH'];

/** Observes the services of a recorded stack. */
type Observe = (config: StackConfig) => Promise<readonly Pick<ServiceObservation, 'name' | 'state'>[]>;

/** The stack that a command acts on. */
export interface ResolvedStack {
  readonly config: StackConfig;
  /** Sentences about values that were given and do not apply. */
  readonly notes: readonly string[];
}

/**
 * Determines, once for each command, which stack is meant and which settings it has: those of the
 * running stack, the data locations of a stopped one, and otherwise what is given now.
 * @throws ProductError BAD_SETTING, UNSAFE_PATH; STACK_RUNNING when a flag gives another value than
 * the running stack has
 */
export async function resolveStack(
  request: StackRequest,
  observe: Observe = observeServices,
): Promise<ResolvedStack> {
  const places = runDirs(request);
  const record = readRecordedStack({ runDir: places.runDir, projectDir: request.projectDir });
  if (!record) {
    await refuseSecondStack(request, places, observe);
    return configure(request, places, undefined);
  }
  if (record.running) {
    const running = configure({ ...request, flags: {} }, places, record, 'running');
    const differing = differingFlags(request, record);
    const isAfresh = request.startsStack === 'afresh';
    if (running.notes.length === 0 && differing.length === 0 && !isAfresh) return running;
    const services = await observe(running.config);
    if (services.some(isAtWork)) {
      if (isAfresh) {
        refuseFlags(differing.filter(({ name }) => !CHANGED_AFRESH.includes(name)));
        return configure(request, places, record, 'running', new Set(CHANGED_AFRESH));
      }
      if (request.startsStack !== undefined) refuseOtherPipeline(request, running.config, record);
      const read = request.readsOutputs ? OUTPUT_PLACES.filter((name) => request.flags[name]) : [];
      const open = new Set([...settingsOfFailed(services), ...read]);
      const bound = differing.filter(({ name }) => !open.has(name));
      refuseFlags(bound);
      if (open.size === 0) return running;
      const flags = Object.fromEntries(
        Object.entries(request.flags).filter(([name]) => open.has(name as SettingName)),
      );
      return configure({ ...request, flags }, places, record, 'running', open);
    }
  }
  // `up` and `reset` take the pipeline that is asked for now. `up` then checks whether the data fit.
  const open = { afresh: CHANGED_AFRESH, 'with-its-data': ['PIPELINE'] as const };
  const changed = new Set(request.startsStack && open[request.startsStack]);
  return configure(request, places, record, 'stopped', changed);
}

/**
 * Returns the stack as it was recorded, whatever flags ask of the next start; without a record, the
 * configuration itself.
 */
export function standingConfig(config: StackConfig): StackConfig {
  const record = readRecordedStack(config);
  if (!record) return config;
  const { installDir, projectDir, environment, runDir, plainRunDir } = config;
  return configure(
    { flags: {}, environment, projectDir, installDir },
    { runDir, plainRunDir },
    record,
    'running',
  ).config;
}

interface RunDirs {
  readonly runDir: string;
  /** RUN_DIR without the flag. */
  readonly plainRunDir: string;
}

/**
 * Returns RUN_DIR as it is given now, even where the stack that is recorded there has another one.
 */
export function givenRunDir({ flags, environment, projectDir }: StackRequest): string {
  const given =
    flags.RUN_DIR ||
    environment['RUN_DIR'] ||
    readEnvFile(projectDir, environment)['RUN_DIR'] ||
    SETTING_TABLE.RUN_DIR.default;
  return resolve(projectDir, given);
}

/**
 * RUN_DIR identifies the stack. A stack that was started with a flag for it is found without that
 * flag, too.
 */
function runDirs(request: StackRequest): RunDirs {
  const { projectDir } = request;
  const { RUN_DIR, ...flags } = request.flags;
  const plainRunDir = givenRunDir({ ...request, flags });
  if (RUN_DIR) return { runDir: givenRunDir(request), plainRunDir };
  const location = readStackLocation(plainRunDir);
  const isThere = location !== undefined && readRecordedStack({ runDir: location, projectDir }) !== undefined;
  return { runDir: isThere ? location : plainRunDir, plainRunDir };
}

function configure(
  request: StackRequest,
  { runDir, plainRunDir }: RunDirs,
  record: RecordedStack | undefined,
  state: 'running' | 'stopped' = 'stopped',
  open: ReadonlySet<SettingName> = new Set(),
): ResolvedStack {
  const flags = runDir === plainRunDir ? request.flags : { ...request.flags, RUN_DIR: runDir };
  const recorded = record && {
    settings: { ...record.settings, RUNTIME: record.runtime },
    told: record.told,
    isRunning: state === 'running',
    open,
  };
  const loaded = resolveSettings({ ...request, flags, record: recorded });
  const { environment, notes } = withComposeNames(request, record);
  const { told, askedRuntime } = loaded;
  const config = stackConfig(loaded.settings, request.projectDir, environment, request.installDir);
  return {
    config: {
      ...config,
      ...{ told, askedRuntime, plainRunDir },
      ...(state === 'running' && !open.has('KAFKA_TOPIC') && { startedTopic: record?.topic }),
    },
    notes: [...loaded.ignored, ...recordNotes(loaded, notes, state)],
  };
}

/** The project that Compose acts on belongs to the stack, as its settings do. */
function withComposeNames({ environment }: StackRequest, record: RecordedStack | undefined) {
  if (record?.runtime !== 'compose' || !record.compose) return { environment, notes: [] };
  const { compose } = record;
  const notes = COMPOSE_NAMES.filter((name) => environment[name] && environment[name] !== compose[name]).map(
    (name) =>
      `${name}=${compose[name] ?? 'unset'} (the environment has ${shortened(environment[name] ?? '')})`,
  );
  const own = Object.fromEntries(COMPOSE_NAMES.map((name) => [name, compose[name] ?? '']));
  return { environment: { ...environment, ...own }, notes };
}

function recordNotes(
  { outweighed }: LoadedSettings,
  ofCompose: readonly string[],
  state: 'running' | 'stopped',
): readonly string[] {
  const all = outweighed.map(({ name, recorded, given, source }) => {
    const where = source === '.env' ? '.env' : `the ${source}`;
    return `${name}=${recorded ?? 'unset'} (${where} has ${shortened(given)})`;
  });
  const list = [...all, ...ofCompose].join(', ');
  if (list === '') return [];
  return [
    state === 'running'
      ? `the running stack keeps its settings until \`${userCommand('down')}\`: ${list}`
      : `the stack that has the data keeps the settings it was started with, unless a flag or \`${userCommand('reset')}\` changes them: ${list}`,
  ];
}

interface DifferingFlag {
  readonly name: SettingName;
  readonly given: string;
  readonly recorded: string | undefined;
}

function differingFlags(
  { flags, projectDir }: StackRequest,
  record: RecordedStack,
): readonly DifferingFlag[] {
  const { topic = record.settings.KAFKA_TOPIC } = record;
  const settings: SettingTexts = {
    ...record.settings,
    RUNTIME: record.runtime,
    ...(topic !== undefined && { KAFKA_TOPIC: topic }),
  };
  return SETTING_NAMES.flatMap((name) => {
    const given = flags[name];
    if (given === undefined || name === 'RUN_DIR') return [];
    const definition = SETTING_TABLE[name];
    const recorded = settings[name] ?? ('default' in definition ? definition.default : undefined);
    return isSame(name, given, recorded, projectDir) ? [] : [{ name, given, recorded }];
  });
}

/**
 * A flag for RUN_DIR may name a stack that is recorded there, or the one that starts there next. It
 * must not add a second stack to this folder.
 */
async function refuseSecondStack(
  request: StackRequest,
  { runDir, plainRunDir }: RunDirs,
  observe: Observe,
): Promise<void> {
  if (runDir === plainRunDir) return;
  const { RUN_DIR: _given, ...flags } = request.flags;
  const plain = runDirs({ ...request, flags });
  const record = readRecordedStack({ runDir: plain.runDir, projectDir: request.projectDir });
  if (!record?.running) return;
  const { config } = configure({ ...request, flags: {} }, plain, record, 'running');
  if (!(await observe(config)).some(isAtWork)) return;
  refuseFlags([{ name: 'RUN_DIR', given: runDir, recorded: plain.runDir }]);
}

/**
 * `up` must not leave a running stack as it is when another pipeline is asked for in the environment
 * or `.env`: a warning is easily overlooked, and the events would be those of the other one.
 */
function refuseOtherPipeline(
  { environment, projectDir }: StackRequest,
  { settings }: StackConfig,
  record: RecordedStack,
): void {
  const given = environment['PIPELINE'] || readEnvFile(projectDir, environment)['PIPELINE'];
  // What `up` was told once stands above `.env`, as in every start.
  const isOutranked = !environment['PIPELINE'] && record.told.PIPELINE !== undefined;
  if (!given || isOutranked || isSame('PIPELINE', given, settings.PIPELINE, projectDir)) return;
  throw new ProductError('STACK_RUNNING', {
    message: `The running stack has PIPELINE=${settings.PIPELINE}, and ${environment['PIPELINE'] ? 'the environment' : '.env'} has ${shortened(given)}.`,
    hint: resetHint(given),
  });
}

const resetHint = (pipeline: string): string =>
  `\`${userCommand('reset', `--pipeline ${quoted(pipeline)}`)}\` wipes topic and outputs, and starts with it.`;

function refuseFlags(differing: readonly DifferingFlag[]): void {
  if (differing.length === 0) return;
  const pipeline = differing.find(({ name }) => name === 'PIPELINE');
  const asked = differing.map(({ name, given }) => `--${flagOf(name)}=${shortened(given)}`).join(' ');
  const has = differing.map(({ name, recorded }) => `${name}=${recorded ?? 'unset'}`).join(', ');
  throw new ProductError('STACK_RUNNING', {
    message: `The running stack has ${has}, which ${asked} cannot change.`,
    hint: pipeline
      ? resetHint(pipeline.given)
      : `Run \`${userCommand('down')}\` first, then the command again; without the flag it acts on the running stack.`,
  });
}

/**
 * Returns the settings of services that have failed for good. They no longer run, so `up` can start
 * them with other values.
 */
function settingsOfFailed(services: Awaited<ReturnType<Observe>>): ReadonlySet<SettingName> {
  const failed = services.filter(({ state }) => state === 'failed').map(({ name }) => name);
  const users = SERVICES.filter(({ name }) => failed.includes(name)).flatMap(
    ({ settingsUsedBy = [] }) => settingsUsedBy,
  );
  return new Set(
    SETTING_NAMES.filter((name) => SETTING_TABLE[name].usedBy.every((user) => users.includes(user))),
  );
}

/** The record may describe a running stack that ended together with its machine. */
const isAtWork = ({ state }: Pick<ServiceObservation, 'state'>) =>
  state === 'running' || state === 'restarting';

const observeServices: Observe = async (config) => {
  try {
    const { runtime } = await selectRuntime(config);
    try {
      return await runtime.observe();
    } finally {
      await runtime.close();
    }
  } catch (error) {
    // Without an engine none of its containers runs.
    if (error instanceof ProductError && error.code === 'NO_ENGINE') return [];
    throw error;
  }
};
