import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { quarantineReason, silverValueSchema } from './transaction.ts';

/** The golden events hold this contract and the Spark job's parser to one meaning: both are tested against them. */
const goldenEvent = z.object({
  name: z.string(),
  value: z.string().nullable(),
  expect: z.enum(['silver', 'quarantine']),
  reason: z.string().nullable(),
});
const events = readFileSync(new URL('../data/fixtures/golden-events.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => goldenEvent.parse(JSON.parse(line)));

describe('the contract of silver values', () => {
  it('is tested against golden events for silver and for every reason', () => {
    expect(new Set(events.map(({ reason }) => reason))).toEqual(
      new Set([
        null,
        'null_value',
        'not_json_object',
        'missing_txn_id',
        'missing_card_id',
        'missing_event_ts',
        'bad_event_ts',
        'missing_amount',
        'bad_amount',
        'wrong_type',
      ]),
    );
  });

  it.each(events)('agrees with the job about $name', (event) => {
    expect(quarantineReason(event.value) ?? null).toBe(event.reason);
    expect(silverValueSchema.safeParse(event.value).success).toBe(event.expect === 'silver');
  });
});
