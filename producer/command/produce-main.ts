import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import yargs from 'yargs';
import { rowsOf, type SettingRows } from '../../orchestrator/settings/setting-table.ts';
import {
  configuredStream,
  type Limits,
  type ProducerConfig,
  type ProducerSetting,
  readConfig,
} from '../config.ts';
import { createPacer, createStop, pause } from '../deliver/pace.ts';
import { ConfigError, ProducerError, shortened } from '../errors.ts';
import { EXIT, endProcess, explain, lineOutput, Report, stopAtSignals } from '../report.ts';
import { runProducer } from '../run-producer.ts';
import { parseEnvFile } from './env-file.ts';
import { flagsKeptByNpm, ownFlags } from './npm-flags.ts';

/** What the command should do. */
export interface ProduceCommand {
  /** Settings given as flags, unchecked. */
  readonly flags: Partial<Record<ProducerSetting, string>>;
  readonly isDryRun: boolean;
  /** A file for the records instead of a topic. */
  readonly out: string | undefined;
}

/** The flag of a setting: `kafka-topic` for KAFKA_TOPIC. */
const flagOf = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** The help text of each setting, by its flag. */
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

/** The parser's message with flags as the user types them, and long words cut. */
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

const DRY_RUN_RECORDS = 10;

/** `npm run produce`: the producer as a command, which ends when its limit is reached. */
async function run({ flags, isDryRun, out }: ProduceCommand): Promise<number> {
  const stop = stopAtSignals();
  const environment = commandEnvironment(flags, process.env, '.env');
  const config = readConfig(environment);
  if (!isDryRun && out === undefined) {
    const write = lineOutput(process.stdout, process.stderr);
    const report = new Report({ write, nowMs: () => performance.now() });
    const isDelivered = await runProducer(config, report, stop);
    return isDelivered ? EXIT.done : EXIT.failed;
  }
  const { limits } = config;
  const hasLimit = limits.maxRecords !== undefined || limits.durationMs !== undefined;
  if (config.answerKey !== undefined) {
    throw new ConfigError(
      'ANSWER_KEY names places in a topic, which records that are not sent do not have: leave it out',
    );
  }
  // A rate is kept only if the user gave one.
  const rate = environment.MSGS_PER_SEC ? config.recordsPerSecond : 0;
  if (out === undefined) {
    const dryLimits = hasLimit ? limits : { ...limits, maxRecords: DRY_RUN_RECORDS };
    await writeRecords(config, dryLimits, rate, process.stdout, stop);
    return EXIT.done;
  }
  if (!hasLimit) throw new ConfigError('--out needs an end: give --max-records or --duration');
  const count = await writeFile(out, (file, onTaken) =>
    writeRecords(config, limits, rate, file, stop, onTaken),
  );
  process.stderr.write(`[producer] ${count} records written to ${out}\n`);
  return EXIT.done;
}

// The reader of messages has gone, so the error cannot be reported.
process.stderr.on('error', () => undefined);
let exitCode: number;
try {
  const command = await parseCommandLine(process.argv.slice(2), process.stdout.columns);
  exitCode = command ? await run(command) : EXIT.done;
} catch (error) {
  exitCode = explain(explained(error));
}
await endProcess(exitCode);

/** Describes in a sentence a file of --out that cannot be opened, or standard output that fails. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  if ('path' in error) return new ConfigError(error.message, { cause: error });
  if (error.syscall !== 'write') return error;
  return new ProducerError(
    `what the command prints could not be written to standard output: ${error.message}`,
    'free some space, or send the output elsewhere, then run the command again',
    { cause: error },
  );
}

const turnOfTheEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A record as a line. Its value is text because malformed values are no JSON. */
const lineOf = ({ key, value }: { readonly key: string; readonly value: string | null }): string =>
  `${JSON.stringify({ key, value })}\n`;

/**
 * Writes records as JSON lines with `key` and `value`, until a limit is reached, `stop` is aborted
 * or the reader has gone.
 *
 * @param recordsPerSecond 0 for as fast as they are taken
 * @param onTaken called for each record that `output` has taken, with its length in bytes
 * @throws the stream's error, unless it is that of a pipe without a reader
 */
export async function writeRecords(
  config: ProducerConfig,
  { maxRecords, durationMs }: Limits,
  recordsPerSecond: number,
  output: Writable,
  stop: AbortSignal,
  onTaken?: (bytes: number) => void,
): Promise<void> {
  const { source, profile } = configuredStream(config, Date.now());
  const startMs = performance.now();
  const endMs = durationMs === undefined ? Number.POSITIVE_INFINITY : startMs + durationMs;
  const pacer = createPacer(recordsPerSecond, startMs, profile);
  let failure: NodeJS.ErrnoException | undefined;
  const over = createStop();
  stop.addEventListener('abort', () => over.abort(), { once: true });
  if (stop.aborted) over.abort();
  output.on('error', (error) => {
    failure ??= error;
    over.abort();
  });
  let count = 0;
  const isOver = (): boolean => over.signal.aborted || count === maxRecords || performance.now() >= endMs;
  while (!isOver()) {
    for (let due = pacer.due(performance.now()); due > 0 && count !== maxRecords; due--) {
      count += 1;
      const line = lineOf(source.next(Date.now()));
      if (output.write(line, (error) => error || onTaken?.(Buffer.byteLength(line)))) continue;
      // An error rejects this wait. It is handled below.
      await once(output, 'drain', { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) break;
    }
    const idleMs = Math.min(pacer.idleMs(performance.now()), endMs - performance.now());
    await (idleMs > 0 ? pause(idleMs, over.signal) : turnOfTheEventLoop());
  }
  if (failure && failure.code !== 'EPIPE') throw failure;
}

/**
 * Writes records to a stream and calls back for each that the stream has taken, with its length in
 * bytes.
 */
type Write = (file: Writable, onTaken: (bytes: number) => void) => Promise<unknown>;

/**
 * Writes records to a file, which is created or replaced. If the disk is full, the file keeps the
 * first records, each whole.
 *
 * @returns how many were written
 * @throws {ProducerError} when the disk is full or broken, with what the file holds and what the
 * user can do
 * @throws the system's error when the file cannot be opened
 */
export async function writeFile(path: string, write: Write): Promise<number> {
  const file = createWriteStream(path);
  let [records, bytes] = [0, 0];
  try {
    await write(file, (length) => {
      records += 1;
      bytes += length;
    });
    file.end();
    await finished(file);
    return records;
  } catch (error) {
    if (!isRefusedWrite(error)) throw error;
    // A device or a pipe cannot be truncated.
    if ((await stat(path)).isFile()) await truncate(path, bytes);
    throw new ProducerError(
      `${path} is not complete: ${error.message}. It holds the first ${records} records (${bytes} bytes), each whole`,
      'free some space, or name a file on another disk with --out, then run the command again',
      { cause: error },
    );
  }
}

function isRefusedWrite(error: unknown): error is NodeJS.ErrnoException {
  const { syscall } = error as NodeJS.ErrnoException;
  return error instanceof Error && (syscall === 'write' || syscall === 'writev');
}

/** Values by setting name, and everything else in an environment. */
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
