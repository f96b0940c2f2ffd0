import { resolve } from 'node:path';
import { readConfig } from '../../producer/config.ts';
import { ConfigError, shortened, shownValue } from '../../producer/errors.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { readEnvFile } from './env-file.ts';
import { readValue, valueText } from './setting-kinds.ts';
import type { SettingUser, ValueKind } from './setting-row.ts';
import {
  SETTING_NAMES,
  SETTING_TABLE,
  type SettingName,
  type Settings,
  settingNamesOf,
} from './setting-table.ts';

/** Values by setting name, as text and unchecked. */
export type SettingTexts = Readonly<Partial<Record<SettingName, string>>>;

/** Where a value came from, named in errors. */
type Source = 'flag' | 'environment' | 'record' | '.env' | 'default';

export interface SettingSources {
  /** Values of flags by setting name; undefined or absent where the flag was not given. */
  readonly flags: SettingTexts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder whose `.env` is read, if it has one. */
  readonly projectDir: string;
  /** What an earlier `up` has recorded. */
  readonly record?: SettingRecord | undefined;
  /**
   * Whether a bad value in the environment or `.env` is ignored, for commands that need few
   * settings.
   */
  readonly isLenient?: boolean;
}

/** The settings of the stack that runs or whose data exist. */
interface SettingRecord {
  /** Every value that the stack was started with. */
  readonly settings: SettingTexts;
  /** Those of them that `up` received as a flag or from the environment. */
  readonly told: SettingTexts;
  /** A running stack has all its settings already. A stopped one is bound to where its data are. */
  readonly isRunning: boolean;
  /**
   * Settings that the command may change: those of services that have failed for good, which `up`
   * starts with the values given now, and those of what `reset` wipes.
   */
  readonly open?: ReadonlySet<SettingName>;
}

/** Settings, and where they differ from what the user asked for. */
export interface LoadedSettings {
  readonly settings: Settings;
  /**
   * What flags and environment say, or said when the stack was started. It is recorded with the
   * stack.
   */
  readonly told: SettingTexts;
  /** RUNTIME as the user asked for it, before existing data bind it. */
  readonly askedRuntime: Settings['RUNTIME'];
  /** Recorded values that take precedence over other values given now. */
  readonly outweighed: readonly Outweighed[];
  /** Sentences about values that were ignored. */
  readonly ignored: readonly string[];
}

/** A recorded value that takes precedence over one given now. */
interface Outweighed {
  readonly name: SettingName;
  /** Undefined where the stack was started without a value. */
  readonly recorded: string | undefined;
  readonly given: string;
  readonly source: Exclude<Source, 'record' | 'default'>;
}

/** Settings that say where the data are and what they mean. Existing data cannot have others. */
const PLACES: ReadonlySet<SettingName> = new Set([
  'RUNTIME',
  'PIPELINE',
  'KAFKA_TOPIC',
  'OUTPUT_DIR',
  'OUTPUT_PATH',
]);

/** Without these settings even `down` does not know which stack is meant. */
const ALWAYS_CHECKED: ReadonlySet<SettingName> = new Set(['RUNTIME', 'OUTPUT_DIR', 'RUN_DIR']);

/** Kubernetes and Docker set `KAFKA_PORT=tcp://10.0.0.1:9092` for a service named kafka. */
const SERVICE_LINK = /^(tcp|udp):\/\//;

const FOLDERS: ReadonlySet<SettingName> = new Set(['OUTPUT_DIR', 'OUTPUT_PATH', 'RUN_DIR']);

interface Candidate {
  readonly source: Source;
  readonly value: string | undefined;
}

interface Found {
  readonly source: Source;
  readonly value: string;
  readonly parsed: unknown;
}

/**
 * Loads every setting. Precedence: flag, environment, what `up` received earlier, `.env`, default.
 * The values that a running stack was started with, and the places of a stopped stack's data, take
 * precedence over the environment. An empty value counts as not given, as in Compose.
 * @throws ProductError BAD_SETTING naming the setting, its value, where it stands and what is
 * allowed
 */
export function loadSettings(sources: SettingSources): Settings {
  return resolveSettings(sources).settings;
}

/** Like `loadSettings`, and also returns how the record and the sources differed. */
export function resolveSettings(sources: SettingSources): LoadedSettings {
  const ignored: string[] = [];
  const file = readEnvFile(sources.projectDir, sources.environment);
  refuseOtherCluster(sources, file, ignored);
  const environment = withoutServiceLinks(sources.environment, ignored);
  const given = { ...sources, environment };
  const loaded: Record<string, unknown> = {};
  const told: Partial<Record<SettingName, string>> = {};
  const outweighed: Outweighed[] = [];
  for (const name of SETTING_NAMES) {
    const isBound = isBoundByRecord(name, sources.record);
    const found = firstAllowed(name, candidates(name, given, file, isBound), given, ignored);
    loaded[name] = found?.parsed;
    const isTold = found?.source === 'flag' || found?.source === 'environment';
    const now = isTold ? found.value : sources.record?.told[name];
    if (now !== undefined) told[name] = now;
    if (isBound || found?.source === 'record') outweighed.push(...outweighedBy(name, found, given, file));
  }
  const asked = firstAllowed('RUNTIME', candidates('RUNTIME', given, file, false), given, []);
  const settings = loaded as Settings;
  refuseForProducer(settings, sources.isLenient === true, ignored);
  return { settings, told, askedRuntime: asked?.parsed as Settings['RUNTIME'], outweighed, ignored };
}

/** The values that a program gets in its environment. Settings without a value are left out. */
export function settingsFor(user: SettingUser, settings: Settings): Readonly<Record<string, string>> {
  return settingTexts(settings, settingNamesOf(user));
}

/**
 * Settings as text, in the form that every program reads. Settings without a value are left out.
 */
export function settingTexts(
  settings: Settings,
  names: readonly SettingName[] = SETTING_NAMES,
): SettingTexts {
  const given = names.flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : [[name, valueText(SETTING_TABLE[name].takes, value)] as const];
  });
  return Object.fromEntries(given);
}

/**
 * Refuses what the producer itself would refuse, such as rates that add up to more than 1.
 * Otherwise the stack would start and the producer alone would fail.
 */
function refuseForProducer(settings: Settings, isLenient: boolean, ignored: string[]): void {
  if (settings.PRODUCERS === 0) return;
  try {
    readConfig(settingsFor('producer', settings));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (isLenient) {
      ignored.push(`${error.message}; it does not matter here`);
      return;
    }
    throw new ProductError('BAD_SETTING', {
      message: `${error.message}.`,
      hint: `Correct it; \`${userCommand('up', '--help')}\` lists every setting.`,
      cause: error,
    });
  }
}

/** A running stack has all its settings already, the data of a stopped one have their places. */
function isBoundByRecord(name: SettingName, record: SettingRecord | undefined): boolean {
  if (record === undefined || name === 'RUN_DIR') return false;
  return !record.open?.has(name) && (PLACES.has(name) || record.isRunning);
}

/**
 * Every source of a setting in order of precedence. A setting that a recorded stack was started
 * without stays without a value.
 */
function candidates(
  name: SettingName,
  { flags, environment, record }: SettingSources,
  file: SettingTexts,
  isBound: boolean,
): readonly Candidate[] {
  const definition = SETTING_TABLE[name];
  const recorded = isBound
    ? [{ source: 'record', value: record?.settings[name] } as const]
    : [
        { source: 'environment', value: environment[name] || undefined } as const,
        { source: 'record', value: record?.told[name] } as const,
        { source: '.env', value: file[name] || undefined } as const,
      ];
  const fallback = 'default' in definition ? definition.default : undefined;
  return [{ source: 'flag', value: flags[name] }, ...recorded, { source: 'default', value: fallback }];
}

function firstAllowed(
  name: SettingName,
  inOrder: readonly Candidate[],
  { isLenient = false }: SettingSources,
  ignored: string[],
): Found | undefined {
  for (const { source, value } of inOrder) {
    if (value === undefined) continue;
    const reading = readValue<ValueKind>(SETTING_TABLE[name].takes, value);
    if ('value' in reading && value !== '') return { source, value, parsed: reading.value };
    const allowed = 'allowed' in reading ? reading.allowed : 'a value that is not empty';
    const isNeeded = source === 'flag' || ALWAYS_CHECKED.has(name);
    if (isNeeded || !isLenient) throw refusal(name, value, source, allowed);
    const shown = `${name}=${shownValue(value)} (from ${placeOf(name, source)})`;
    ignored.push(`${shown} is not allowed and was passed over: it must be ${allowed}`);
  }
  return undefined;
}

/** What environment or `.env` say now, where a recorded value takes precedence. */
function outweighedBy(
  name: SettingName,
  found: Found | undefined,
  { environment, projectDir }: SettingSources,
  file: SettingTexts,
): readonly Outweighed[] {
  if (found?.source === 'flag') return [];
  const source = environment[name] ? 'environment' : '.env';
  const given = environment[name] || file[name];
  if (!given || isSame(name, given, found?.value, projectDir)) return [];
  return [{ name, recorded: found?.value, given, source }];
}

/** Whether two texts mean the same value; `auto` leaves the runtime open. */
export function isSame(
  name: SettingName,
  given: string,
  recorded: string | undefined,
  projectDir: string,
): boolean {
  if (given === recorded || (name === 'RUNTIME' && given === 'auto')) return true;
  if (recorded === undefined) return false;
  const meaning = (text: string) => {
    if (name === 'PIPELINE') return pipelineFolder(text, projectDir);
    if (FOLDERS.has(name)) return resolve(projectDir, text);
    const reading = readValue<ValueKind>(SETTING_TABLE[name].takes, text);
    return 'value' in reading ? reading.value : undefined;
  };
  return meaning(given) !== undefined && meaning(given) === meaning(recorded);
}

function withoutServiceLinks(
  environment: SettingSources['environment'],
  ignored: string[],
): SettingSources['environment'] {
  const links = SETTING_NAMES.filter((name) => SERVICE_LINK.test(environment[name] ?? ''));
  if (links.length === 0) return environment;
  const all = links.map((name) => `${name}=${shortened(environment[name] ?? '')}`).join(', ');
  ignored.push(
    `${all} in the environment comes from a service link of Kubernetes or Docker and was passed over`,
  );
  return { ...environment, ...Object.fromEntries(links.map((name) => [name, undefined])) };
}

/**
 * Refuses other brokers: the stack has a broker of its own, and half of the stack would use the
 * other one.
 */
function refuseOtherCluster(
  { environment, isLenient }: SettingSources,
  file: Readonly<Record<string, string>>,
  ignored: string[],
): void {
  const name = 'KAFKA_BOOTSTRAP_SERVERS';
  const [where, value] = environment[name] ? ['the environment', environment[name]] : ['.env', file[name]];
  if (!value) return;
  if (isLenient)
    ignored.push(
      `${name}=${shownValue(value)} (from ${where}) was passed over: the stack has its own broker`,
    );
  else throw otherCluster(value, where);
}

/** The error for a broker that is not the stack's own. */
export function otherCluster(value: string, where: string): ProductError {
  return new ProductError('BAD_SETTING', {
    message: `KAFKA_BOOTSTRAP_SERVERS=${shownValue(value)} (from ${where}) is not allowed: the stack runs on its own broker, and clusters elsewhere are not supported yet.`,
    hint: `Remove it; the broker answers at localhost:KAFKA_PORT. \`${userCommand('produce')}\` sends to any cluster.`,
  });
}

function refusal(name: SettingName, value: string, source: Source, allowed: string): ProductError {
  return new ProductError('BAD_SETTING', {
    message: `${name}=${shownValue(value)} (from ${placeOf(name, source)}) is not allowed: it must be ${allowed}.`,
    hint: `Correct ${name}; \`${userCommand('up', '--help')}\` lists every setting.`,
  });
}

function placeOf(name: SettingName, source: Source): string {
  if (source === 'flag') return `--${flagOf(name)}`;
  if (source === 'record') return 'the record of the stack';
  return source === '.env' ? '.env' : `the ${source}`;
}

/** The flag of a setting: `kafka-topic` for KAFKA_TOPIC. */
export function flagOf(name: SettingName): string {
  return name.toLowerCase().replaceAll('_', '-');
}
