import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { readConfig } from '../../producer/config.ts';
import { ConfigError } from '../../producer/config-error.ts';
import { ProductError } from '../core/product-error.ts';
import { SETTING_NAMES, SETTING_TABLE, type SettingName, type Settings } from './setting-table.ts';

/** Where a value came from, named in errors. */
type Source = 'flag' | 'environment' | '.env' | 'default';

export interface SettingSources {
  /** Values of flags by setting name; undefined or absent where the flag was not given. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder whose `.env` is read, if it has one. */
  readonly projectDir: string;
}

/**
 * Names that may stand in `.env` though they are no settings: Compose, Docker and docker-compose.yml read them, and
 * `npm run produce` the way into other clusters, with its secrets.
 */
const NEIGHBOURS =
  /^(COMPOSE_|DOCKER_|BUILDKIT_)|^(ZOOKEEPER|KAFKA|SPARK|NODE)_IMAGE$|^(HTTPS?|NO|ALL)_PROXY$|^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|PIP_CERT)$|^(CONTAINER_PREFIX|SPARK_WORKER_MEM_LIMIT)$|^KAFKA_(SECURITY_PROTOCOL|SASL_\w+|SSL_\w+)$/i;

/**
 * Loads every setting: flags over environment over `.env` over defaults. An empty value counts as not given, as in Compose.
 * @throws ProductError BAD_SETTING naming the setting, its value, where it stands and what is allowed
 */
export function loadSettings(sources: SettingSources): Settings {
  const file = readEnvFile(join(sources.projectDir, '.env'));
  const loaded: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const found = find(name, sources, file);
    loaded[name] = found === undefined ? undefined : check(name, found.value, found.source);
  }
  const settings = loaded as Settings;
  refuseForProducer(settings);
  return settings;
}

/** The values that the producer will be given, those that are not set left out. */
export function producerSettings(settings: Settings): Readonly<Record<string, string>> {
  const own = SETTING_NAMES.filter((name) => SETTING_TABLE[name].usedBy === 'producer');
  const given = [...own, 'KAFKA_TOPIC' as const].flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : [[name, String(value)]];
  });
  return Object.fromEntries(given);
}

/** What the producer would refuse by itself, such as rates that add up to more than 1: a stack would come up around its error. */
function refuseForProducer(settings: Settings): void {
  try {
    readConfig(producerSettings(settings));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ProductError('BAD_SETTING', {
      message: `${error.message}.`,
      hint: 'Correct it; `npm run up -- --help` lists every setting.',
      cause: error,
    });
  }
}

function find(name: SettingName, sources: SettingSources, file: Record<string, string>) {
  const definition = SETTING_TABLE[name];
  const candidates: readonly (readonly [Source, string | undefined])[] = [
    ['flag', sources.flags[name]],
    ['environment', sources.environment[name]],
    ['.env', file[name]],
    ['default', 'default' in definition ? definition.default : undefined],
  ];
  for (const [source, value] of candidates) {
    if (source === 'flag' && value === '') throw refusal(name, value, source, allowedOf(name, ''));
    if (value !== undefined && value !== '') return { source, value };
  }
  return undefined;
}

function check(name: SettingName, value: string, source: Source): unknown {
  const result = SETTING_TABLE[name].schema.safeParse(value);
  if (result.success) return result.data;
  throw refusal(name, value, source, result.error.issues[0]?.message ?? 'another value');
}

function allowedOf(name: SettingName, value: string): string {
  return SETTING_TABLE[name].schema.safeParse(value).error?.issues[0]?.message ?? 'a value that is not empty';
}

function refusal(name: SettingName, value: string, source: Source, allowed: string): ProductError {
  const where = source === 'flag' ? `--${flagOf(name)}` : source === '.env' ? '.env' : `the ${source}`;
  return new ProductError('BAD_SETTING', {
    message: `${name}=${JSON.stringify(value)} (from ${where}) is not allowed: it must be ${allowed}.`,
    hint: `Correct ${name}; \`npm run up -- --help\` lists every setting.`,
  });
}

/** The flag of a setting: `msgs-per-sec` for MSGS_PER_SEC. */
export function flagOf(name: SettingName): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function readEnvFile(path: string): Record<string, string> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ProductError('BAD_SETTING', {
      message: `${path} cannot be read: ${(error as Error).message}.`,
      hint: 'Make it a readable file, or remove it.',
      cause: error,
    });
  }
  const values = parse(content);
  for (const name of Object.keys(values)) {
    if (name in SETTING_TABLE || NEIGHBOURS.test(name)) continue;
    throw new ProductError('BAD_SETTING', {
      message: `.env has the unknown setting ${name}.`,
      hint: `Allowed are ${SETTING_NAMES.join(', ')}; \`.env.example\` explains each.`,
    });
  }
  return values;
}
