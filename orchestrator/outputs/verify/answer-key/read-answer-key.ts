import { open } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, ProductError } from '../../../core/product-error.ts';
import type { KeyFields } from './key-fields.ts';

const offset = z.number().int().min(0);

const place = z.object({
  partition: offset,
  offset,
  /** What was done to the record, such as `late` or `malformed:bad_amount`. */
  fault: z.string().regex(/^[a-z][a-z0-9_]*(:[a-z0-9_]+)?$/),
  expected_sink: z.enum(['silver', 'quarantine']),
  expected_reason: z.string().nullable(),
  /** Null where the producer does not know the place of what it repeated. */
  duplicate_of: z.object({ partition: offset, offset }).nullish(),
});

/** A line, in a form that depends on the pipeline: its reasons, and the fields that are told of an event. */
function lineSchema({ reasons, fields }: KeyForm) {
  const { identity, eventTime } = fields;
  const event = z.object({
    ...(identity !== undefined && { [identity]: z.string().nullable() }),
    ...(eventTime !== undefined && { [eventTime.name]: z.union([z.string(), z.number()]).nullable() }),
  });
  return z
    .looseObject(place.extend({ expected_reason: z.enum(reasons).nullable() }).shape)
    .refine((key) => (key.expected_sink === 'quarantine') === (key.expected_reason !== null), {
      message: 'quarantine has a reason, silver has none',
      path: ['expected_reason'],
    })
    .transform((key, context) => {
      const told = event.safeParse(key);
      if (!told.success) {
        for (const issue of told.error.issues) context.addIssue({ ...issue, code: 'custom' });
        return z.NEVER;
      }
      const of = (name: string | undefined) => (name === undefined ? null : (told.data[name] ?? null));
      const [id, time] = [of(identity), of(eventTime?.name)];
      const us = time === null ? undefined : eventTime?.read(time);
      return {
        ...place.parse(key),
        identity: id === null ? null : String(id),
        eventUs: typeof us === 'bigint' ? us : null,
      };
    });
}

/** What is said in the lines of a key. */
export interface KeyForm {
  /** Every reason of quarantine. */
  readonly reasons: readonly string[];
  readonly fields: KeyFields;
}

/** A record that may be in the topic, at an offset that the producer was never told. */
const unplacedLine = z.object({ unknown: z.object({ partition: offset, fault: z.string() }) });

/** A line of the answer key: a fault that was injected, and where its record should land. */
export type KeyLine = z.output<ReturnType<typeof lineSchema>> & {
  /** Its number in the file, from 1. */
  readonly line: number;
};

/**
 * Reads an answer key, JSON lines, one after the other. A last line without its line end is still being written and left out.
 * @param onUnplaced called for each line whose record cannot be looked for, as its offset is not known
 * @throws ProductError ANSWER_KEY_INVALID naming the line
 */
export async function* readAnswerKey(
  file: string,
  form: KeyForm,
  onUnplaced: () => void,
): AsyncGenerator<KeyLine> {
  const schema = lineSchema(form);
  let number = 0;
  for await (const text of completeLines(file)) {
    number += 1;
    if (text === '') continue;
    const parsed = parseLine(schema, file, number, text);
    if (parsed === undefined) onUnplaced();
    else yield { ...parsed, line: number };
  }
}

function parseLine(
  schema: ReturnType<typeof lineSchema>,
  file: string,
  number: number,
  text: string,
): Omit<KeyLine, 'line'> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`Line ${number} of ${file} is not JSON: ${messageOf(cause)}.`, cause);
  }
  if (unplacedLine.safeParse(value).success) return undefined;
  const parsed = schema.safeParse(value);
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
