import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import type { SettingRows } from '../../orchestrator/settings/setting-row.ts';
import { rowsOf } from '../../orchestrator/settings/setting-table.ts';
import { USER_COMMAND, userCommand } from '../../orchestrator/util/user-command.ts';
import type { ProducerSetting } from '../config.ts';
import { ConfigError, shortened } from '../errors.ts';
import { LINE_FORMS } from '../input/line-record.ts';
import type { InputOptions } from '../input/send-input.ts';
import { parseEnvFile } from './env-file.ts';
import { flagsKeptByNpm, ownFlags } from './npm-flags.ts';

/** What the command is to do. */
export interface ProduceCommand {
  /** Settings that were given as flags, unchecked. */
  readonly flags: Partial<Record<ProducerSetting, string>>;
  readonly isDryRun: boolean;
  /** A file for the records instead of a topic. */
  readonly out: string | undefined;
  /** Events to send instead of generated ones. */
  readonly input: InputOptions | undefined;
}

/** The settings that mean something for events that are not generated. */
const INPUT_SETTINGS: readonly ProducerSetting[] = [
  'KAFKA_BOOTSTRAP_SERVERS',
  'KAFKA_TOPIC',
  'PIPELINE',
  'MSGS_PER_SEC',
  'MAX_RECORDS',
  'DURATION',
];
/** Of these, what `.env` says is meant for the stack's own producer. */
const PACE_AND_END: readonly ProducerSetting[] = ['MSGS_PER_SEC', 'MAX_RECORDS', 'DURATION'];

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
    .scriptName(USER_COMMAND)
    .usage(
      '$0 produce -- [options]\n\nSend events to a topic of any cluster, generated ones or those of a file',
    )
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
    .option('in', {
      type: 'string',
      requiresArg: true,
      describe: 'Send the events of this file, one a line, or of standard input (-)',
    })
    .option('key-of', {
      type: 'string',
      requiresArg: true,
      describe: "With --in: the event's field that is the record's key; by default the pipeline's",
    })
    .option('loop', {
      type: 'boolean',
      default: false,
      describe: 'With --in: begin the file again at its end, until a limit or Ctrl-C',
    })
    .option('as', {
      choices: LINE_FORMS,
      describe:
        'With --in: each line is an event, or a record {"key", "value", "headers", "timestamp"}; by default as it looks',
    })
    .option('rate', {
      type: 'string',
      requiresArg: true,
      describe: 'The same as --msgs-per-sec; with --in as fast as it can when it is not given',
    })
    .example([
      ['$0 produce -- --in events.jsonl', 'your own events, to the topic of the pipeline'],
      ['tail -f app.log | $0 --silent produce -- --in - --key-of user_id', 'as they come'],
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
        `${sentence(message ?? String(error?.message))} (\`${userCommand('produce', '--help')}\` lists the options)`,
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
  const flags = withRate(flagsOf(args), args['rate']);
  return { flags, isDryRun, out, input: inputOf(args, flags) };
}

/** `--rate` is the short name of a setting. */
function withRate(flags: ProduceCommand['flags'], rate: string | undefined): ProduceCommand['flags'] {
  if (rate === undefined) return flags;
  if (flags.MSGS_PER_SEC !== undefined && flags.MSGS_PER_SEC !== rate) {
    throw new ConfigError('--rate and --msgs-per-sec are the same setting: give one');
  }
  if (rate.trim() === '') throw new ConfigError('--rate is empty: give records a second, or leave it out');
  return { ...flags, MSGS_PER_SEC: rate };
}

/** The options of `--in`, which exclude those that generate events. */
function inputOf(
  args: Readonly<Record<string, unknown>>,
  flags: ProduceCommand['flags'],
): InputOptions | undefined {
  const { in: from, 'key-of': keyOf, loop, as: form, out } = args;
  if (from === undefined) {
    const alone = Object.entries({ '--key-of': keyOf, '--loop': loop || undefined, '--as': form });
    const given = alone.filter(([, value]) => value !== undefined).map(([flag]) => flag);
    if (given.length > 0) throw new ConfigError(`${given.join(' and ')} needs --in, which names the events`);
    return undefined;
  }
  if (from === '') throw new ConfigError('--in is empty: name a file, or - for standard input');
  if (keyOf === '') throw new ConfigError('--key-of is empty: name a field of the event');
  const generating = Object.keys(flags).filter((name) => !INPUT_SETTINGS.includes(name as ProducerSetting));
  const excluded = [
    ...generating.map((name) => `--${flagOf(name)}`),
    ...(out === undefined ? [] : ['--out']),
  ];
  if (excluded.length > 0) {
    throw new ConfigError(
      `--in and ${excluded.join(', ')} exclude one another: the events of a file are sent as they are`,
    );
  }
  return {
    from: String(from),
    keyOf: keyOf === undefined ? undefined : String(keyOf),
    form: LINE_FORMS.find((each) => each === form) ?? 'auto',
    isLooped: loop === true,
  };
}

/**
 * The settings for events that are not generated: rate and limits as this command was given them,
 * for `.env` means the stack's own producer, and nothing of what generates events.
 */
export function inputEnvironment(flags: Environment, environment: Environment, envFile: string): Environment {
  const all = commandEnvironment(flags, environment, envFile);
  const generating = rowsOf('producer').map(([name]) => name);
  const kept = Object.entries(all).filter(
    ([name]) => !generating.includes(name) || INPUT_SETTINGS.includes(name as ProducerSetting),
  );
  const isPace = (name: string): boolean => PACE_AND_END.includes(name as ProducerSetting);
  const pace = PACE_AND_END.map((name) => [name, flags[name] ?? environment[name]] as const);
  return {
    ...Object.fromEntries(kept.filter(([name]) => !isPace(name))),
    MSGS_PER_SEC: '0',
    ...withoutUnset(pace),
  };
}

const withoutUnset = (
  entries: readonly (readonly [string, string | undefined])[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));

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
