import { open } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, ProductError } from '../../../core/product-error.ts';
import { QUARANTINE_REASONS } from '../../expected/quarantine-reason.ts';

const offset = z.number().int().min(0);

const line = z
  .object({
    partition: offset,
    offset,
    /** What was done to the record, such as `late` or `malformed:bad_amount`. */
    fault: z.string().regex(/^[a-z][a-z0-9_]*(:[a-z0-9_]+)?$/),
    expected_sink: z.enum(['silver', 'quarantine']),
    expected_reason: z.enum(QUARANTINE_REASONS).nullable(),
    txn_id: z.string().nullable(),
    event_ts: z.string().nullable(),
    /** Null where the producer does not know the place of what it repeated. */
    duplicate_of: z.object({ partition: offset, offset }).nullish(),
  })
  .refine((key) => (key.expected_sink === 'quarantine') === (key.expected_reason !== null), {
    message: 'quarantine has a reason, silver has none',
    path: ['expected_reason'],
  });

/** A record that may be in the topic, at an offset that the producer was never told. */
const unplacedLine = z.object({ unknown: z.object({ partition: offset, fault: z.string() }) });

/** A line of the answer key: a fault that was injected, and where its record should land. */
export type KeyLine = z.output<typeof line> & {
  /** Its number in the file, from 1. */
  readonly line: number;
};

/**
 * Reads an answer key, JSON lines, one after the other. A last line without its line end is still being written and left out.
 * @param onUnplaced called for each line whose record cannot be looked for, as its offset is not known
 * @throws ProductError ANSWER_KEY_INVALID naming the line
 */
export async function* readAnswerKey(file: string, onUnplaced: () => void): AsyncGenerator<KeyLine> {
  let number = 0;
  for await (const text of completeLines(file)) {
    number += 1;
    if (text === '') continue;
    const parsed = parseLine(file, number, text);
    if (parsed === undefined) onUnplaced();
    else yield { ...parsed, line: number };
  }
}

function parseLine(file: string, number: number, text: string): z.output<typeof line> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`Line ${number} of ${file} is not JSON: ${messageOf(cause)}.`, cause);
  }
  if (unplacedLine.safeParse(value).success) return undefined;
  const parsed = line.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'the line';
  throw invalid(`Line ${number} of ${file} is not of the answer key's form: ${field}: ${issue?.message}.`);
}

/** The lines of a file that end with a line feed, without it. */
async function* completeLines(file: string): AsyncGenerator<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file);
  } catch (cause) {
    throw invalid(`The answer key ${file} cannot be read: ${messageOf(cause)}.`, cause);
  }
  let rest = '';
  for await (const part of handle.createReadStream({ encoding: 'utf8' })) {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function invalid(message: string, cause?: unknown): ProductError {
  return new ProductError('ANSWER_KEY_INVALID', {
    message,
    hint: 'The producer writes one when it injects faults; `npm run verify -- --answer-key FILE` names another.',
    cause,
  });
}
