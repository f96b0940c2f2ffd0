import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import { rowsOf, type SettingRows } from '../../orchestrator/settings/setting-table.ts';
import type { ProducerSetting } from '../config.ts';
import { ConfigError, shortened } from '../errors.ts';
import { parseEnvFile } from './env-file.ts';
import { flagsKeptByNpm, ownFlags } from './npm-flags.ts';

/** What the command is to do. */
export interface ProduceCommand {
  /** Settings that were given as flags, unchecked. */
  readonly flags: Partial<Record<ProducerSetting, string>>;
  readonly isDryRun: boolean;
  /** A file for the records instead of a topic. */
  readonly out: string | undefined;
}

/** The flag of a setting: `kafka-topic` for KAFKA_TOPIC. */
const flagOf = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** What the help says of each setting, by its flag. */
export function settingHelp(table?: SettingRows): Readonly<Record<string, string>> {
  return Object.fromEntries(rowsOf('producer', table).map(([name, { meaning }]) => [flagOf(name), meaning]));
}

/**
 * Reads the command line of `npm run produce`.
 *
 * @returns undefined when help was shown instead
 * @throws {ConfigError} naming what is wrong
 */
export async function parseCommandLine(
  argv: readonly string[],
  terminalColumns: number | undefined,
): Promise<ProduceCommand | undefined> {
  const parser = yargs([...argv])
    .scriptName('npm run')
    .usage('$0 produce -- [options]\n\nSend card transactions to a topic of any cluster, or write them')
    .parserConfiguration({ 'parse-positional-numbers': false, 'duplicate-arguments-array': false })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Print records instead of sending them: 10 of them, unless a limit says otherwise',
    })
    .option('out', {
      type: 'string',
      requiresArg: true,
      describe: 'Write records to a file instead of sending them; needs a limit',
    })
    .example([
      ['$0 produce -- --kafka-bootstrap-servers kafka-1:9092 --msgs-per-sec 100', 'until Ctrl-C'],
      [
        '$0 produce -- --scenario messy --max-records 1000000 --answer-key key.jsonl',
        'with faults, and which',
      ],
      ['$0 produce -- --seed 7 --event-start 2026-01-01T00:00:00Z --dry-run', 'the same records every time'],
    ])
    .epilogue(
      'Security is set in the environment or .env alone: KAFKA_SECURITY_PROTOCOL (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL), KAFKA_SASL_MECHANISM (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE, KAFKA_SSL_CA, KAFKA_SSL_CERT, KAFKA_SSL_KEY (PEM files), KAFKA_SSL_KEY_PASSWORD or KAFKA_SSL_KEY_PASSWORD_FILE.',
    )
    .strict()
    .demandCommand(0, 0, undefined, 'Options begin with --')
    .wrap(terminalColumns === undefined ? null : Math.min(terminalColumns, 120))
    .help()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw new ConfigError(
        `${sentence(message ?? String(error?.message))} (\`npm run produce -- --help\` lists the options)`,
      );
    });
  for (const [flag, describe] of Object.entries(settingHelp())) {
    parser.option(flag, {
      type: 'string',
      requiresArg: true,
      group: 'Settings (also in the environment or .env, as the name in capitals):',
      describe,
    });
  }
  const kept = flagsKeptByNpm('produce', argv, ownFlags(parser), process.env);
  if (kept) {
    throw new ConfigError(
      `npm took ${kept.flags.join(' and ')} for itself, so that \`produce\` did not see it, and nothing was sent: options come after \`--\`, \`${kept.commandLine}\``,
    );
  }
  const args = await parser.parseAsync();
  if (args['help'] === true) return undefined;
  const isDryRun = args['dry-run'];
  const { out } = args;
  if (out === '') throw new ConfigError('--out is empty: name a file, or leave the flag out');
  if (isDryRun && out !== undefined)
    throw new ConfigError('--dry-run and --out exclude one another: give one');
  return { flags: flagsOf(args), isDryRun, out };
}

/** The parser's message with its flags as they are typed, long words cut. */
function sentence(message: string): string {
  return message
    .replace(/^Not enough arguments following: (.+)$/, 'the option --$1 needs a value')
    .replaceAll('\n', ' ')
    .replace(/\S{251,}/g, shortened);
}

function flagsOf(args: Readonly<Record<string, unknown>>): Partial<Record<ProducerSetting, string>> {
  const given = rowsOf('producer').flatMap(([name]) => {
    const value = args[flagOf(name)];
    if (value === undefined) return [];
    // `--kafka-bootstrap-servers=$BROKERS` without BROKERS must not send to the default.
    if (String(value).trim() === '') {
      throw new ConfigError(`--${flagOf(name)} is empty: give a value, or leave the flag out`);
    }
    return [[name, String(value)] as const];
  });
  return Object.fromEntries(given);
}

/** Values by setting name, and whatever else an environment has. */
type Environment = Readonly<Partial<Record<ProducerSetting, string>> & Record<string, string | undefined>>;

/**
 * The settings of the command: flags over environment over `.env`. An empty value of the latter two
 * counts as not given.
 *
 * @throws {ConfigError} when `.env` is there and cannot be read
 */
export function commandEnvironment(
  flags: Environment,
  environment: Environment,
  envFile: string,
): Environment {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return { ...fileValues(envFile, environment), ...Object.fromEntries(given), ...flags };
}

function fileValues(path: string, environment: Environment): Environment {
  try {
    return parseEnvFile(readFileSync(path), environment);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
