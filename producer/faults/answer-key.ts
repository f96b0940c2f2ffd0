import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { pause } from '../deliver/pace.ts';
import { ProducerError } from '../errors.ts';
import type { OutgoingRecord, RecordTrace } from '../generate/event-source.ts';
import type { DescribeEvent, EventDescription } from './event-description.ts';

/**
 * The file that records which records were made wrong on purpose, one JSON object a line. A line is
 * written when the broker has acknowledged its record, before anything else is done with the
 * acknowledgement. A later run appends.
 */
export class AnswerKey {
  readonly #path: string;
  readonly #file: number;
  readonly #describe: DescribeEvent;

  /** @throws the system's error when the file cannot be opened for appending */
  constructor(path: string, describe: DescribeEvent) {
    this.#path = path;
    this.#describe = describe;
    this.#file = openSync(path, 'a+');
    if (!endsALine(this.#file)) this.#append('\n');
  }

  /**
   * Notes the records of one acknowledged batch, of which the first has this offset.
   *
   * @throws {ProducerError} when the file cannot be written
   */
  placed(partition: number, records: readonly OutgoingRecord[], baseOffset: number | undefined): void {
    if (baseOffset === undefined) {
      this.unknown(partition, records, 'the broker has the records and did not tell their offsets');
      return;
    }
    let lines = '';
    for (const [index, record] of records.entries()) {
      const { trace } = record;
      if (!trace) continue;
      trace.placement = { partition, offset: baseOffset + index };
      if (trace.fault !== undefined) lines += `${answerLine(this.#describe(record.value), trace)}\n`;
    }
    if (lines !== '') this.#append(lines);
  }

  /**
   * Notes records that may be in the topic at unknown offsets.
   *
   * @param why one phrase
   * @throws {ProducerError} when the file cannot be written
   */
  unknown(partition: number, records: readonly OutgoingRecord[], why: string): void {
    const lines = records.flatMap(({ value, trace }) =>
      trace?.fault === undefined
        ? []
        : [`${unknownLine(this.#describe(value), trace.fault, partition, why)}\n`],
    );
    if (lines.length > 0) this.#append(lines.join(''));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      // The system may write less than it is given.
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    } catch (error) {
      throw new ProducerError(
        `the answer key ${this.#path} cannot be written: ${(error as Error).message}`,
        'make room there or name another file with ANSWER_KEY, then start the producer again',
        { cause: error },
      );
    }
  }
}

/** Whether the file ends with a complete line. A run that was killed may have left half a line. */
function endsALine(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString() === '\n';
}

/** A line of the answer key about a record whose place in the topic is known. */
function answerLine(described: EventDescription, trace: RecordTrace): string {
  const { fault, reason = null, original, placement } = trace;
  return JSON.stringify({
    ...placement,
    fault,
    expected_sink: reason === null ? 'silver' : 'quarantine',
    expected_reason: reason,
    ...described,
    ...(fault === 'duplicate' && { duplicate_of: original?.placement ?? null }),
  });
}

/** A line about a record for which it is unknown whether and where it is in the topic. */
function unknownLine(described: EventDescription, fault: string, partition: number, why: string): string {
  return JSON.stringify({ unknown: { partition, fault, ...described, why } });
}

const POLL_MS = 250;
/**
 * In containers, a service that starts at the same time gives the folder to the producer's user.
 */
const TIMEOUT_MS = 60_000;

/**
 * Opens the answer key. Waits up to a minute until its folder exists and is writable.
 *
 * @param waiting called after each failed try, with one line about why
 * @returns undefined when the signal was aborted first
 * @throws {ProducerError} when it cannot be opened for a minute
 */
export async function openAnswerKey(
  path: string,
  describe: DescribeEvent,
  signal: AbortSignal,
  waiting: (detail: string) => void,
): Promise<AnswerKey | undefined> {
  const startMs = performance.now();
  while (!signal.aborted) {
    try {
      return new AnswerKey(path, describe);
    } catch (error) {
      const detail = `the answer key ${path} cannot be opened: ${(error as Error).message}`;
      if (performance.now() - startMs >= TIMEOUT_MS) {
        throw new ProducerError(
          detail,
          'make its folder writable for this user (in containers: OUTPUT_UID and OUTPUT_GID), or name another file with ANSWER_KEY',
          { cause: error },
        );
      }
      waiting(detail);
    }
    await pause(POLL_MS, signal);
  }
  return undefined;
}
