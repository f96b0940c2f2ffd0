import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { Database } from '../../lake/database.ts';
import { columnsOfOutput } from '../../lake/file-source.ts';
import { loadSink } from '../../lake/load-sink.ts';
import { quoted } from '../../lake/pipeline-sql.ts';
import { describedFields } from '../../pipeline/event-identity.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import { type ValueReader, valueReader } from '../oracle/field-value.ts';

/** Lines per insert into the database. */
const LINES_AT_ONCE = 10_240;

/**
 * Inserts the key's lines into the table `answer_key`, and the values that identify their records
 * in silver into `key_identities`.
 * @returns the number of lines that name a record, and of those that name none
 * @throws ProductError ANSWER_KEY_INVALID
 */
export async function loadAnswerKey(
  database: Database,
  options: {
    readonly file: string;
    readonly pipeline: Pipeline;
    readonly form: KeyForm;
    readonly outputPath: string;
    readonly through: number;
  },
): Promise<{ readonly lines: number; readonly unplaced: number }> {
  await database.run(`CREATE TABLE answer_key (line BIGINT, partition INTEGER, "offset" BIGINT, fault VARCHAR, sink VARCHAR,
    reason INTEGER, identity VARCHAR, event_us BIGINT, first_partition INTEGER, first_offset BIGINT)`);
  const { form } = options;
  let lines: KeyLine[] = [];
  let count = 0;
  let unplaced = 0;
  const onUnplaced = () => {
    unplaced += 1;
  };
  for await (const line of readAnswerKey(options.file, form, onUnplaced)) {
    lines.push(line);
    count += 1;
    if (lines.length < LINES_AT_ONCE) continue;
    await append(database, lines, form);
    lines = [];
  }
  await append(database, lines, form);
  await database.run('CREATE TABLE key_identities (partition INTEGER, "offset" BIGINT, identity VARCHAR)');
  const identity = form.fields.identity === undefined ? 'NULL' : quoted(form.fields.identity);
  await loadSink(database, {
    outputPath: options.outputPath,
    through: options.through,
    sink: 'silver',
    columns: columnsOfOutput(options.pipeline, 'silver'),
    insert: (source) => `
      INSERT INTO key_identities
      SELECT "partition", "offset", ${identity} FROM ${source} SEMI JOIN (
        SELECT partition, "offset" FROM answer_key UNION SELECT first_partition, first_offset FROM answer_key)
      USING ("partition", "offset")`,
  });
  return { lines: count, unplaced };
}

async function append(database: Database, lines: readonly KeyLine[], { reasons }: KeyForm): Promise<void> {
  if (lines.length === 0) return;
  await database.append('answer_key', [
    { type: 'BIGINT', values: lines.map(({ line }) => BigInt(line)) },
    { type: 'INTEGER', values: lines.map(({ partition }) => partition) },
    { type: 'BIGINT', values: lines.map(({ offset }) => BigInt(offset)) },
    { type: 'VARCHAR', values: lines.map(({ fault }) => fault) },
    { type: 'VARCHAR', values: lines.map(({ expected_sink }) => expected_sink) },
    { type: 'INTEGER', values: lines.map((line) => reasonNumber(line, reasons)) },
    { type: 'VARCHAR', values: lines.map(({ identity }) => identity) },
    { type: 'BIGINT', values: lines.map(({ eventUs }) => eventUs) },
    { type: 'INTEGER', values: lines.map(({ duplicate_of }) => duplicate_of?.partition ?? null) },
    {
      type: 'BIGINT',
      values: lines.map(({ duplicate_of }) => (duplicate_of ? BigInt(duplicate_of.offset) : null)),
    },
  ]);
}

const reasonNumber = ({ expected_reason }: KeyLine, reasons: readonly string[]): number =>
  expected_reason === null ? 0 : reasons.indexOf(expected_reason) + 1;

const offset = z.number().int().min(0);

const place = z.object({
  partition: offset,
  offset,
  /** What was done to the record, such as `late` or `malformed:bad_amount`. */
  fault: z.string().regex(/^[a-z][a-z0-9_]*(:[a-z0-9_]+)?$/),
  expected_sink: z.enum(['silver', 'quarantine']),
  expected_reason: z.string().nullable(),
  /** Null where the producer does not know the place of the repeated record. */
  duplicate_of: z.object({ partition: offset, offset }).nullish(),
});

/**
 * The schema of a line. It depends on the pipeline: on its reasons and on the fields that identify
 * an event.
 */
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

/** The parts of a key's lines that depend on the pipeline. */
export interface KeyForm {
  /** Every reason of quarantine. */
  readonly reasons: readonly string[];
  readonly fields: KeyFields;
}

/** A record that may be in the topic, at an offset that the producer did not receive. */
const unplacedLine = z.object({ unknown: z.object({ partition: offset, fault: z.string() }) });

/** A line of the answer key: an injected fault, and where its record should land. */
type KeyLine = z.output<ReturnType<typeof lineSchema>> & {
  /** The line's number in the file, from 1. */
  readonly line: number;
};

/**
 * Reads an answer key, JSON lines, line by line. A last line without its line end is still being
 * written and is left out.
 * @param onUnplaced called for each line whose record cannot be searched for because its offset is
 * unknown
 * @throws ProductError ANSWER_KEY_INVALID naming the line
 */
async function* readAnswerKey(file: string, form: KeyForm, onUnplaced: () => void): AsyncGenerator<KeyLine> {
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

/** The complete lines of a file, without their line feeds. */
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
    hint: `The producer writes one when it injects faults; \`${userCommand('verify', '--answer-key FILE')}\` names another.`,
    cause,
  });
}

/**
 * The members of an answer key's lines that describe an event. They have the names of the
 * contract's fields.
 */
export interface KeyFields {
  /** The field that identifies an event. Undefined where there is none. */
  readonly identity: string | undefined;
  /**
   * The field of the event time and how to read it. Undefined where the record's own time counts.
   */
  readonly eventTime: { readonly name: string; readonly read: ValueReader } | undefined;
}

export function keyFields(pipeline: Pipeline): KeyFields {
  const { identity, eventTime } = describedFields(pipeline);
  const time = pipeline.fields.find(({ name }) => name === eventTime);
  return { identity, eventTime: time && { name: time.name, read: valueReader(time.type) } };
}
