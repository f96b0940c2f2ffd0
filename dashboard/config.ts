import { join } from 'node:path';
import { loadPipeline } from '../orchestrator/pipeline/load-pipeline.ts';
import type { Pipeline } from '../orchestrator/pipeline/model.ts';
import { readValue, withoutBlanks } from '../orchestrator/settings/setting-kinds.ts';
import type { SettingRows } from '../orchestrator/settings/setting-row.ts';
import {
  type IsolationLevel,
  rowsOf,
  SETTING_TABLE,
  type SettingNameOf,
  type SettingValues,
} from '../orchestrator/settings/setting-table.ts';
import { goldTriggerIntervalMs, triggerIntervalMs } from '../orchestrator/settings/stack-config.ts';
import type { Address } from '../orchestrator/util/ports.ts';
import { ProductError } from '../orchestrator/util/product-error.ts';
import { ConfigError, shownValue } from '../producer/errors.ts';
import { readServices, type WatchedService } from './sources/service-probe.ts';

/** The dashboard's configuration, read once at the start. */
export interface DashboardConfig {
  /** Where it listens: 127.0.0.1, or every interface of a container whose port is published there. */
  readonly listen: Address;
  /** The first of the bootstrap brokers. */
  readonly broker: Address;
  readonly topic: string;
  readonly isolationLevel: IsolationLevel;
  readonly pipeline: Pipeline;
  readonly outputPath: string;
  readonly triggers: { readonly ingestMs: number; readonly goldMs: number };
  readonly runtime: 'local' | 'compose';
  readonly services: readonly WatchedService[];
  /** Pages of the services, by name. */
  readonly urls: Readonly<Record<string, string>>;
  /** RUN_DIR of local processes; undefined in a container. */
  readonly runDir: string | undefined;
  /** The folder that keeps the history over a restart. */
  readonly historyDir: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The checkout, or the folder of the program in the image. */
const PROJECT = join(import.meta.dirname, '..');

/**
 * Reads the settings of the table, and what the runtime provides in addition:
 * - DASHBOARD_LISTEN: host:port
 * - DASHBOARD_RUNTIME: local or compose
 * - DASHBOARD_SERVICES: see `readServices`
 * - DASHBOARD_PAGES: the ports of the services' pages on this machine, `spark-master=8080 …`
 * - DASHBOARD_HISTORY: a folder that it may write
 * - DASHBOARD_RUN_DIR: RUN_DIR of local processes
 * @throws ConfigError for the first value that is not allowed
 */
export function readConfig(environment: Environment): DashboardConfig {
  const settings = readSettings(environment);
  const pipeline = readPipeline(settings.PIPELINE);
  const runDir = environment['DASHBOARD_RUN_DIR'] || undefined;
  return {
    listen: addressOf('DASHBOARD_LISTEN', environment['DASHBOARD_LISTEN'] || '127.0.0.1:5080'),
    broker: addressOf('KAFKA_BOOTSTRAP_SERVERS', settings.KAFKA_BOOTSTRAP_SERVERS.split(',')[0]),
    topic: settings.KAFKA_TOPIC ?? pipeline.source.topic,
    isolationLevel: settings.KAFKA_ISOLATION_LEVEL,
    pipeline,
    outputPath: settings.OUTPUT_PATH ?? SETTING_TABLE.OUTPUT_PATH.defaultFor.containers,
    triggers: {
      ingestMs: triggerIntervalMs(settings.TRIGGER_INTERVAL),
      goldMs: goldTriggerIntervalMs(settings.GOLD_TRIGGER_INTERVAL, settings.TRIGGER_INTERVAL),
    },
    runtime: environment['DASHBOARD_RUNTIME'] === 'compose' ? 'compose' : 'local',
    services: watchedServices(environment['DASHBOARD_SERVICES'] ?? '', settings.PRODUCERS),
    urls: pagesOf(environment['DASHBOARD_PAGES'] ?? ''),
    runDir,
    historyDir: environment['DASHBOARD_HISTORY'] || join(runDir ?? join(PROJECT, 'data', 'run'), 'dashboard'),
  };
}

type DashboardSettings = SettingValues<SettingNameOf<'dashboard'>>;

function readSettings(environment: Environment): DashboardSettings {
  const table: SettingRows = SETTING_TABLE;
  const values = rowsOf('dashboard', table).map(([name, { takes, default: byDefault }]) => {
    const given = withoutBlanks(environment[name] ?? '') || byDefault;
    if (given === undefined) return [name, undefined];
    const reading = readValue(takes, given);
    if ('value' in reading) return [name, reading.value];
    throw refusal(name, given, reading.allowed);
  });
  return Object.fromEntries(values) as DashboardSettings;
}

function readPipeline(setting: string): Pipeline {
  try {
    return loadPipeline(setting, PROJECT);
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    throw new ConfigError(`${error.message} ${error.hint}`, { cause: error });
  }
}

function addressOf(name: string, value = ''): Address {
  const [, host, port] = /^([^:\s]+|\[[0-9a-f:]+\]):(\d{1,5})$/i.exec(value) ?? [];
  if (host === undefined || Number(port) > 65_535) throw refusal(name, value, 'host:port');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** docker-compose.yml lists the producer whether or not the stack has one. */
function watchedServices(text: string, producers: number): readonly WatchedService[] {
  try {
    return readServices(text).filter(({ probe }) => probe.kind !== 'records' || producers > 0);
  } catch (error) {
    throw refusal('DASHBOARD_SERVICES', text, (error as Error).message);
  }
}

/** Of a range of ports, as several workers take them, the first one is linked. */
function pagesOf(text: string): Readonly<Record<string, string>> {
  const pages = text.split(/\s+/).filter((word) => word !== '');
  return Object.fromEntries(
    pages.map((word) => {
      const [, name, port] = /^([a-z][a-z0-9-]*)=(\d{1,5})(-\d{1,5})?$/.exec(word) ?? [];
      if (name === undefined) throw refusal('DASHBOARD_PAGES', text, 'names with ports');
      return [name, `http://localhost:${port}`];
    }),
  );
}

const refusal = (name: string, value: string, allowed: string): ConfigError =>
  new ConfigError(`${name}=${shownValue(value)} is not allowed: give ${allowed}`);
