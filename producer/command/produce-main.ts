import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Limits, type ProducerConfig, readConfig } from '../config.ts';
import { configuredStream, readEvents } from '../configured-stream.ts';
import { createPacer, createStop, pause, turnOfTheEventLoop } from '../deliver/pace.ts';
import { ConfigError, ProducerError } from '../errors.ts';
import { assertReadable, type InputOptions, printInput, sendInput } from '../input/send-input.ts';
import { EXIT, endProcess, explain, lineOutput, Report, stopAtSignals } from '../report.ts';
import { runProducer } from '../run-producer.ts';
import {
  commandEnvironment,
  inputEnvironment,
  type ProduceCommand,
  parseCommandLine,
} from './command-line.ts';

const DRY_RUN_RECORDS = 10;

/** `npm run produce`: the producer as a command, which ends when its limit is reached. */
async function run({ flags, isDryRun, out, input }: ProduceCommand): Promise<number> {
  const stop = stopAtSignals();
  if (input) return runInput(input, inputEnvironment(flags, process.env, '.env'), isDryRun, stop);
  const environment = commandEnvironment(flags, process.env, '.env');
  const config = readConfig(environment);
  if (!isDryRun && out === undefined) {
    const isDelivered = await runProducer(config, lineReport(), stop);
    return isDelivered ? EXIT.done : EXIT.failed;
  }
  const { limits } = config;
  const hasLimit = limits.maxRecords !== undefined || limits.durationMs !== undefined;
  if (config.answerKey !== undefined) {
    throw new ConfigError(
      'ANSWER_KEY names places in a topic, which records that are not sent do not have: leave it out',
    );
  }
  // A rate is kept only if it was asked for.
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

const lineReport = (): Report =>
  new Report({ write: lineOutput(process.stdout, process.stderr), nowMs: () => performance.now() });

/** Sends or prints the events of a file. One that is left before its end was interrupted. */
async function runInput(
  input: InputOptions,
  environment: Readonly<Record<string, string | undefined>>,
  isDryRun: boolean,
  stop: AbortSignal,
): Promise<number> {
  const config = readConfig(environment);
  assertReadable(input);
  if (isDryRun) {
    await printInput(config, input, config.limits, DRY_RUN_RECORDS, process.stdout, stop);
    return EXIT.done;
  }
  const { isDelivered, isWhole } = await sendInput(config, input, lineReport(), stop);
  if (!isDelivered) return EXIT.failed;
  return stop.aborted && !isWhole && !input.isLooped ? EXIT.interrupted : EXIT.done;
}

/**
 * The file of --out that cannot be opened, or standard output that takes nothing more, in a
 * sentence.
 */
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

/** A record as a line: its value as text, since what is malformed is no JSON. */
const lineOf = ({ key, value }: { readonly key: string | null; readonly value: string | null }): string =>
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
  const events = readEvents(config, Date.now());
  if (events.note !== undefined) process.stderr.write(`[producer] ${events.note}\n`);
  const { source, profile } = configuredStream(config, events, Date.now());
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
      // Rejected by an error, which is looked at below.
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
 * Writes records to a file, which is made or replaced. One that cannot take all of them is left
 * with the first ones, each whole.
 *
 * @returns how many were written
 * @throws {ProducerError} when the disk is full or broken: what the file holds, and what can be
 * done
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
    // A device or a pipe has no end to cut off.
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

// A reader of messages that went away: nobody is left to tell.
process.stderr.on('error', () => undefined);
let exitCode: number;
try {
  const command = await parseCommandLine(process.argv.slice(2), process.stdout.columns);
  exitCode = command ? await run(command) : EXIT.done;
} catch (error) {
  exitCode = explain(explained(error));
}
await endProcess(exitCode);
