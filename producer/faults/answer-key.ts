import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { ProducerError } from '../producer-error.ts';
import type { OutgoingRecord } from '../record.ts';
import { answerLine, unknownLine } from './answer-line.ts';

/**
 * The file that tells which records were made wrong on purpose, one JSON object a line. A line is written when the broker
 * has acknowledged its record, before anything else happens with the acknowledgement; a later run appends.
 */
export class AnswerKey {
  readonly #path: string;
  readonly #file: number;

  /** @throws the system's error when the file cannot be opened for appending */
  constructor(path: string) {
    this.#path = path;
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
      if (trace.fault !== undefined) lines += `${answerLine(record, trace)}\n`;
    }
    if (lines !== '') this.#append(lines);
  }

  /**
   * Notes records that are perhaps in the topic, at offsets that are not known.
   *
   * @param why one phrase
   * @throws {ProducerError} when the file cannot be written
   */
  unknown(partition: number, records: readonly OutgoingRecord[], why: string): void {
    const lines = records
      .filter(({ trace }) => trace?.fault !== undefined)
      .map((record) => `${unknownLine(record, partition, why)}\n`);
    if (lines.length > 0) this.#append(lines.join(''));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      // The system may take less than it is given.
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

/** A run that was killed may have left half a line. */
function endsALine(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString() === '\n';
}
