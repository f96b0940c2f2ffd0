import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';

/** The beginning of a file, or all of it. */
export interface Input {
  readonly text: string;
  /** Whether the file goes on. */
  readonly isCut: boolean;
  /** The file's name, for sentences. */
  readonly shown: string;
}

/** So many bytes are read: enough to know what events look like, and little enough for memory. */
const MOST_BYTES = 64_000_000;
export const STANDARD_INPUT = '-';

/** What a file begins with that is no text of JSON. */
const BINARY: readonly (readonly [name: string, starts: string | Buffer, hint: string])[] = [
  [
    'compressed with gzip',
    Buffer.from([0x1f, 0x8b]),
    `Unpack it: \`gunzip -c FILE | ${userCommand('new', 'NAME --from -')}\`.`,
  ],
  [
    'compressed with zstd',
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    `Unpack it: \`zstd -dc FILE | ${userCommand('new', 'NAME --from -')}\`.`,
  ],
  [
    'a ZIP archive',
    'PK\u0003\u0004',
    `Unpack it: \`unzip -p FILE | ${userCommand('new', 'NAME --from -')}\`.`,
  ],
  ['Avro', 'Obj\u0001', 'Convert it to JSON lines: `java -jar avro-tools.jar tojson FILE > events.jsonl`.'],
  ['Parquet', 'PAR1', "Convert it to JSON lines: `duckdb -c \"COPY 'FILE' TO 'events.jsonl'\"`."],
  ['ORC', 'ORC', 'Convert it to JSON lines.'],
];

/**
 * Reads a file, or standard input for `-`.
 * @throws ProductError BAD_USAGE when there is no such file, BAD_EVENTS when it is no text
 */
export async function readInput(from: string, stdin: NodeJS.ReadableStream): Promise<Input> {
  const shown = from === STANDARD_INPUT ? 'standard input' : basename(from);
  const stream = from === STANDARD_INPUT ? stdin : createReadStream(from);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MOST_BYTES) break;
    }
  } catch (error) {
    throw new ProductError('BAD_USAGE', {
      message: `--from ${from} cannot be read: ${messageOf(error)}.`,
      hint: 'Name a file of JSON lines, a JSON array or a JSON Schema, or - for standard input.',
      cause: error,
    });
  }
  const all = Buffer.concat(chunks);
  refuseBinary(all, shown);
  const cut = all.subarray(0, MOST_BYTES);
  // A byte order mark is no JSON.
  const text = cut.toString('utf8').replace(/^\ufeff/, '');
  return { text, isCut: bytes > MOST_BYTES, shown };
}

function refuseBinary(bytes: Buffer, shown: string): void {
  for (const [name, starts, hint] of BINARY) {
    if (bytes.subarray(0, starts.length).equals(Buffer.from(starts)))
      throw badEvents(`${shown} is ${name}, not JSON.`, hint);
  }
  const isWide = bytes[0] === 0xff ? bytes[1] === 0xfe : bytes[0] === 0xfe && bytes[1] === 0xff;
  if (isWide) {
    throw badEvents(
      `${shown} is UTF-16, and JSON is UTF-8.`,
      'Convert it: `iconv -f UTF-16 -t UTF-8 FILE > events.jsonl`.',
    );
  }
  if (bytes.subarray(0, 4096).includes(0)) {
    throw badEvents(`${shown} has zero bytes, so that it is no text.`, EVENTS_HINT);
  }
}

/** What `new` reads. */
export const EVENTS_HINT =
  'Give JSON lines (an object a line), an array of objects, objects one after another, or a JSON Schema.';

/** The error for a file that has no events. */
export function badEvents(message: string, hint: string = EVENTS_HINT): ProductError {
  return new ProductError('BAD_EVENTS', { message, hint });
}
