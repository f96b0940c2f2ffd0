import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { classifying } from '../../../tests/support/classified.ts';
import { transactions } from '../../../tests/support/transactions.ts';
import { type Column, silverColumns } from '../../pipeline/model.ts';
import { instantText } from '../deep/shown-value.ts';
import type { SilverRow } from './expression-value.ts';
import { decimalText, type Value } from './field-value.ts';

const classify = classifying(transactions);
const columns = silverColumns(transactions.fields, transactions.eventTime);

function fixture<T>(name: string, schema: z.ZodType<T>): readonly T[] {
  return readFileSync(new URL(`../../../data/fixtures/${name}.jsonl`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)));
}

/** A silver row in the notation of the fixtures. */
function notation(row: SilverRow): Readonly<Record<string, unknown>> {
  const shown = ({ type }: Column, value: Value) => {
    if (value === null) return null;
    if (type.kind === 'decimal') return decimalText(value as bigint, type.scale);
    return type.kind === 'timestamp' ? instantText(value as bigint) : value;
  };
  const own = columns.filter(({ name }) => !['kafka_ts', 'topic', 'partition', 'offset'].includes(name));
  return Object.fromEntries(
    own.map((column) => [column.name, shown(column, row[columns.indexOf(column)] ?? null)]),
  );
}

/**
 * Both these expectations and the Spark job's parser are tested against the golden events, so that
 * they agree.
 */
const events = fixture(
  'golden-events',
  z.object({
    name: z.string(),
    value: z.string().nullable(),
    expect: z.enum(['silver', 'quarantine']),
    reason: z.string().nullable(),
    silver: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).nullish(),
  }),
);

describe('the outcome of a value by the output contract', () => {
  it('is tested against golden events for silver and for every reason', () => {
    const reasons = [
      'null_value',
      'not_json_object',
      'missing_txn_id',
      'missing_card_id',
      'missing_event_ts',
    ];
    expect(new Set(events.map(({ reason }) => reason))).toEqual(
      new Set([
        null,
        ...reasons,
        ...['bad_card_id', 'bad_event_ts', 'missing_amount', 'bad_amount', 'wrong_type'],
      ]),
    );
  });

  it.each(events)('agrees with the job about $name', ({ value, reason, silver }) => {
    const found = classify(value);
    if (typeof found === 'string') expect(found).toBe(reason);
    else expect(notation(found)).toEqual(silver);
  });
});

const part = z.union([
  z.string(),
  z.object({ base64: z.string() }),
  z.object({ text: z.string(), times: z.int() }),
]);
/** Records that break parsers. */
const poison = fixture(
  'poison-corpus',
  z.object({
    name: z.string(),
    value: z.array(part).nullable(),
    reason: z.string().nullable(),
    silver: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).optional(),
  }),
);

function bytesOf(parts: readonly z.output<typeof part>[] | null): Buffer | null {
  if (parts === null) return null;
  return Buffer.concat(
    parts.map((each) => {
      if (typeof each === 'string') return Buffer.from(each);
      return 'text' in each ? Buffer.from(each.text.repeat(each.times)) : Buffer.from(each.base64, 'base64');
    }),
  );
}

describe('values that break parsers', () => {
  // Spark's parser refuses names that were made to share a hash, depending on all the names that it
  // has seen.
  const tellable = poison.filter(({ name }) => !name.includes('of one hash'));

  it.each(tellable)('agrees with the job about $name', ({ value, reason, silver = {} }) => {
    const found = classify(bytesOf(value));
    expect(typeof found === 'string' ? found : null).toBe(reason);
    if (typeof found !== 'string') expect(notation(found)).toMatchObject(silver);
  });
});
