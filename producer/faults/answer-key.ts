import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { pause } from '../deliver/pace.ts';
import { ProducerError } from '../errors.ts';
import { drawFrom, type Random } from '../generate/random.ts';
import type { OutgoingRecord, RecordTrace } from '../generate/transactions.ts';

/**
 * The file that records which records were made wrong on purpose, one JSON object a line. A line is
 * written when the broker has acknowledged its record, before anything else is done with the
 * acknowledgement. A later run appends.
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
   * Notes records that may be in the topic at unknown offsets.
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

/** What can be read from the value as it was sent, with any fault in it. */
function readable(value: string | null): { txn_id: string | null; event_ts: string | null } {
  const members = membersOf(value);
  const text = (name: string): string | null => {
    const member = members[name];
    return typeof member === 'string' ? member : null;
  };
  return { txn_id: text('txn_id'), event_ts: text('event_ts') };
}

function membersOf(value: string | null): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(value ?? 'null') as Record<string, unknown> | null) ?? {};
  } catch (error) {
    // The value was broken on purpose.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** A line of the answer key about a record whose place in the topic is known. */
function answerLine({ value }: OutgoingRecord, trace: RecordTrace): string {
  const { fault, reason = null, original, placement } = trace;
  return JSON.stringify({
    ...placement,
    fault,
    expected_sink: reason === null ? 'silver' : 'quarantine',
    expected_reason: reason,
    ...readable(value),
    ...(fault === 'duplicate' && { duplicate_of: original?.placement ?? null }),
  });
}

/** A line about a record for which it is unknown whether and where it is in the topic. */
function unknownLine({ value, trace }: OutgoingRecord, partition: number, why: string): string {
  return JSON.stringify({ unknown: { partition, fault: trace?.fault, ...readable(value), why } });
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
  signal: AbortSignal,
  waiting: (detail: string) => void,
): Promise<AnswerKey | undefined> {
  const startMs = performance.now();
  while (!signal.aborted) {
    try {
      return new AnswerKey(path);
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

/** A value that gives no silver row. */
export interface MalformedValue {
  /** What was done to it. The answer key has this after `malformed:`. */
  readonly kind: MalformedKind;
  /** Null is a tombstone. */
  readonly value: string | null;
  /** Why the job must quarantine it: a reason of docs/outputs.md. */
  readonly reason: string;
}

/** The kinds of malformed values. */
export const MALFORMED_KINDS = [
  'broken_json',
  'missing_field',
  'wrong_type',
  'bad_timestamp',
  'bad_amount',
  'tombstone',
] as const;

/** One of {@link MALFORMED_KINDS}. */
type MalformedKind = (typeof MALFORMED_KINDS)[number];

const NEEDED_FIELDS = ['txn_id', 'card_id', 'event_ts', 'amount'] as const;
/** A field and the JSON that replaces its value. */
const WRONG_TYPES: readonly (readonly [field: string, json: string])[] = [
  ['lat', '"48.8566"'],
  ['lon', 'true'],
  ['merchant', '["Café"]'],
  ['currency', '{"code":"EUR"}'],
  ['user_id', 'false'],
];
const BAD_TIMESTAMPS = [
  '1767268800000',
  '"yesterday"',
  '"2026-02-30T12:00:00Z"',
  '"2026-01-01T24:00:00Z"',
  '""',
];
const BAD_AMOUNTS = ['"12.345"', '12.345', '1e16', 'true', '"twelve"'];

/**
 * The value with the JSON of one of its members replaced, or with the member left out when no JSON
 * is given.
 */
function withMember(value: string, field: string, json: string | undefined): string {
  const members = Object.entries(JSON.parse(value) as Record<string, unknown>).map(
    ([name, content]) => [name, name === field ? json : JSON.stringify(content)] as const,
  );
  return `{${members
    .filter(([, content]) => content !== undefined)
    .map(([name, content]) => `"${name}":${content}`)
    .join(',')}}`;
}

/** Makes a transaction's JSON malformed, each kind with the same probability. */
export function drawMalformed(random: Random, value: string): MalformedValue {
  const kind = drawFrom(random, MALFORMED_KINDS);
  switch (kind) {
    case 'broken_json': {
      // Cut anywhere but at the ends, so that the object is never closed.
      const end = 1 + Math.floor(random.fraction() * (value.length - 1));
      return { kind, value: value.slice(0, end), reason: 'not_json_object' };
    }
    case 'missing_field': {
      const field = drawFrom(random, NEEDED_FIELDS);
      return { kind, value: withMember(value, field, undefined), reason: `missing_${field}` };
    }
    case 'wrong_type': {
      const [field, json] = drawFrom(random, WRONG_TYPES);
      return { kind, value: withMember(value, field, json), reason: 'wrong_type' };
    }
    case 'bad_timestamp':
      return {
        kind,
        value: withMember(value, 'event_ts', drawFrom(random, BAD_TIMESTAMPS)),
        reason: 'bad_event_ts',
      };
    case 'bad_amount':
      return {
        kind,
        value: withMember(value, 'amount', drawFrom(random, BAD_AMOUNTS)),
        reason: 'bad_amount',
      };
    case 'tombstone':
      return { kind, value: null, reason: 'null_value' };
  }
}
