import { pipedCommand } from '../../orchestrator/util/user-command.ts';
import { ProducerError } from '../errors.ts';

/** A line of an input. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Its bytes without the line end. */
  readonly bytes: Buffer;
}

/**
 * More than any broker takes by default (1 MiB), and so little that a file without line ends does
 * not fill the memory.
 */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** First bytes of what is no text of lines, and how it becomes one. */
const OTHER_FORMS: readonly (readonly [bytes: Buffer, what: string, hint: string])[] = [
  [Buffer.from([0x1f, 0x8b]), 'compressed by gzip', 'gunzip -c FILE'],
  [Buffer.from([0xff, 0xfe]), 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
  [Buffer.from([0xfe, 0xff]), 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE'],
];

/**
 * Cuts a stream into lines, byte for byte, and yields those of each chunk together. A line ends
 * with LF or CRLF. The mark of UTF-8 at the beginning is no part of the first line, and empty lines
 * are left out.
 *
 * @param name of the input, for errors
 * @throws {ProducerError} for a line of more than MAX_LINE_BYTES, and for an input that is no text
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<readonly Line[]> {
  let number = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isBegun = false;
  const lineOf = (bytes: Buffer): Line[] => {
    number += 1;
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    return end === 0 ? [] : [{ number, bytes: bytes.subarray(0, end) }];
  };
  for await (const whole of chunks) {
    let chunk = whole;
    if (!isBegun) {
      // A pipe may bring a byte at a time.
      chunk = pendingBytes === 0 ? chunk : Buffer.concat([...pending, chunk]);
      [pending, pendingBytes] = [[], 0];
      if (chunk.length < UTF8_MARK.length && !chunk.includes(LINE_FEED)) {
        [pending, pendingBytes] = [[chunk], chunk.length];
        continue;
      }
      chunk = withoutMark(chunk, name);
      isBegun = true;
    }
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      const rest = chunk.subarray(from, at);
      refuseLong(pendingBytes + rest.length, number + 1, name);
      lines.push(...lineOf(pendingBytes === 0 ? rest : Buffer.concat([...pending, rest])));
      [pending, pendingBytes] = [[], 0];
      from = at + 1;
    }
    if (from < chunk.length) {
      pending.push(chunk.subarray(from));
      pendingBytes += chunk.length - from;
      refuseLong(pendingBytes, number + 1, name);
    }
    if (lines.length > 0) yield lines;
  }
  if (pendingBytes === 0) return;
  const last = Buffer.concat(pending);
  const lines = lineOf(isBegun ? last : withoutMark(last, name));
  if (lines.length > 0) yield lines;
}

function withoutMark(chunk: Buffer, name: string): Buffer {
  const begins = (bytes: Buffer): boolean => chunk.subarray(0, bytes.length).equals(bytes);
  const other = OTHER_FORMS.find(([bytes]) => begins(bytes));
  if (other) {
    throw new ProducerError(
      `${name} is ${other[1]}, and no text of lines`,
      `send it as text: ${other[2]} | ${pipedCommand('produce', '--in -')}`,
    );
  }
  return begins(UTF8_MARK) ? chunk.subarray(UTF8_MARK.length) : chunk;
}

function refuseLong(bytes: number, line: number, name: string): void {
  if (bytes <= MAX_LINE_BYTES) return;
  throw new ProducerError(
    `line ${line} of ${name} has more than ${MAX_LINE_BYTES / 1024 / 1024} MiB, which no record may have`,
    `write one event a line: jq -c . FILE | ${pipedCommand('produce', '--in -')}`,
  );
}
