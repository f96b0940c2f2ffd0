import { createReadStream, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import type { Limits, ProducerConfig } from '../config.ts';
import type { KafkaRecord } from '../deliver/kafka-record.ts';
import { createPacer, pause, turnOfTheEventLoop, unlessAborted } from '../deliver/pace.ts';
import type { Publisher } from '../deliver/publish.ts';
import { ConfigError } from '../errors.ts';
import { readPipeline } from '../read-pipeline.ts';
import type { InputCounts, Report } from '../report.ts';
import { deliver } from '../run-producer.ts';
import { connectToTopic } from '../topic-connection.ts';
import { type LineForm, type LineReading, recordOfLine } from './line-record.ts';
import { readLines } from './lines.ts';

/** What `--in` and its options say. */
export interface InputOptions {
  /** A file, or `-` for standard input. */
  readonly from: string;
  /** `--key-of`; undefined for the pipeline's `source.key`. */
  readonly keyOf: string | undefined;
  readonly form: LineForm;
  /** Whether the file begins again at its end. */
  readonly isLooped: boolean;
}

/** Takes a record, once there is room for it; false when the input is to be left. */
type Take = (record: KafkaRecord) => Promise<boolean>;

/**
 * Checks that a file can be read, before anything is connected to.
 *
 * @throws {ConfigError} for a file that is not there, or is a folder
 */
export function assertReadable({ from, isLooped }: InputOptions): void {
  if (from === '-') {
    if (isLooped) throw new ConfigError('--loop needs a file: standard input can be read only once');
    return;
  }
  try {
    const found = statSync(from);
    if (found.isDirectory())
      throw new ConfigError(`--in ${from} is a folder: name a file, or - for standard input`);
    if (isLooped && found.size === 0)
      throw new ConfigError(`--in ${from} is empty: --loop would never send anything`);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`--in ${from} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Reads an input to its end, again and again with `isLooped`, and passes its records on.
 *
 * @param counts are kept up to date
 */
export async function readInput(
  { from, isLooped }: InputOptions,
  reading: LineReading,
  take: Take,
  signal: AbortSignal,
  counts: InputCounts,
): Promise<void> {
  do {
    const before = counts.events + counts.records;
    const stream = from === '-' ? process.stdin : createReadStream(from, { highWaterMark: 256 * 1024 });
    // A pipe that nobody writes to would never let go of the loop below.
    const leave = (): void => void stream.destroy();
    signal.addEventListener('abort', leave, { once: true });
    try {
      for await (const lines of readLines(
        stream as AsyncIterable<Buffer>,
        from === '-' ? 'standard input' : from,
      )) {
        for (const line of lines) {
          const record = recordOfLine(line, reading, Date.now());
          if (typeof record.value === 'object' && record.value !== null) counts.events += 1;
          else counts.records += 1;
          if (record.key === null) counts.withoutKey += 1;
          if (!(await take(record))) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
    if (signal.aborted) return;
    if (isLooped && counts.events + counts.records === before) {
      throw new ConfigError(`--in ${from} has no lines: --loop would never send anything`);
    }
  } while (isLooped);
  counts.isWhole = true;
}

const nothingRead = (): InputCounts => ({ events: 0, records: 0, withoutKey: 0, isWhole: false });

/** How the lines are read, by the options and the pipeline. */
function readingOf({ keyOf, form }: InputOptions, { source, fields }: Pipeline): LineReading {
  // Events of such a pipeline may have no other members, and would be taken for records.
  const isAmbiguous = form === 'auto' && fields.some(({ name }) => name === 'value');
  return { form: isAmbiguous ? 'events' : form, keyField: keyOf ?? source.key };
}

/**
 * Sends the events of an input to the topic, in order by key and with bounded memory.
 *
 * @returns whether every record was acknowledged, and whether all of the input was read
 * @throws {ProducerError} when the topic is missing, the broker refuses, or a line is too long
 */
export async function sendInput(
  config: ProducerConfig,
  options: InputOptions,
  report: Report,
  stop: AbortSignal,
): Promise<{ readonly isDelivered: boolean; readonly isWhole: boolean }> {
  const { pipeline } = readPipeline(config.pipeline);
  const reading = readingOf(options, pipeline);
  const topic = config.topic ?? pipeline.source.topic;
  const counts = nothingRead();
  const connection = await connectToTopic(config, topic, report, stop);
  if (connection === undefined || stop.aborted) return { isDelivered: true, isWhole: false };
  const publisher = connection.publisher();
  report.started();
  const feed = async (signal: AbortSignal): Promise<void> => {
    try {
      await readInput(options, reading, pacedTake(config, publisher, signal), signal, counts);
    } catch (error) {
      // What stands before a line that is refused is delivered.
      await unlessAborted(publisher.flush(), signal);
      throw error;
    }
  };
  const stalled = (detail: string): void => report.waiting(detail, publisher.counts);
  try {
    await deliver(feed, { publisher, stalled, limits: config.limits }, stop);
  } finally {
    report.input(counts);
    report.done(publisher.counts);
  }
  const { sent, acknowledged } = publisher.counts;
  return { isDelivered: acknowledged === sent, isWhole: counts.isWhole };
}

/** Takes records at the rate, as long as the limit allows, and waits for room in the buffer. */
function pacedTake(
  { recordsPerSecond, limits }: ProducerConfig,
  publisher: Publisher<KafkaRecord>,
  signal: AbortSignal,
): Take {
  const pacer = createPacer(recordsPerSecond, performance.now());
  let due = 0;
  let left = limits.maxRecords ?? Number.POSITIVE_INFINITY;
  return async (record) => {
    while (due === 0) {
      due = pacer.due(performance.now());
      const idleMs = due > 0 ? 0 : pacer.idleMs(performance.now());
      await (idleMs > 0 ? pause(idleMs, signal) : turnOfTheEventLoop());
      if (signal.aborted) return false;
    }
    due -= 1;
    while (!publisher.offer(record)) {
      await publisher.room(signal);
      if (signal.aborted) return false;
    }
    left -= 1;
    return left > 0;
  };
}

/**
 * Prints the first records of an input as lines of `key`, `value` and what else they have.
 *
 * @param most how many
 */
export async function printInput(
  config: ProducerConfig,
  options: InputOptions,
  { maxRecords }: Limits,
  most: number,
  output: Writable,
  stop: AbortSignal,
): Promise<void> {
  const counts = nothingRead();
  let left = maxRecords ?? most;
  let failure: NodeJS.ErrnoException | undefined;
  output.on('error', (error) => {
    failure ??= error;
  });
  const print: Take = async ({ key, value, headers }) => {
    output.write(`${JSON.stringify({ key, value: value === null ? null : String(value), headers })}\n`);
    left -= 1;
    return left > 0 && failure === undefined;
  };
  await readInput(options, readingOf(options, readPipeline(config.pipeline).pipeline), print, stop, counts);
  // A reader that has gone wants no more.
  if (failure && failure.code !== 'EPIPE') throw failure;
}
