import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { judgeExactly, judgeValue } from './judge-value.ts';
import { QUARANTINE_REASONS, type QuarantineReason } from './quarantine-reason.ts';
import { type SilverPayload, TEXT_COLUMNS } from './silver-payload.ts';

/** The golden events hold these expectations and the Spark job's parser to one meaning: both are tested against them. */
const goldenEvent = z.object({
  name: z.string(),
  value: z.string().nullable(),
  expect: z.enum(['silver', 'quarantine']),
  reason: z.enum(QUARANTINE_REASONS).nullable(),
  silver: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).nullish(),
});
const events = readFileSync(new URL('../../../data/fixtures/golden-events.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => goldenEvent.parse(JSON.parse(line)));

/** A silver row in the notation of the golden events. */
function notation(judged: SilverPayload | QuarantineReason) {
  if (typeof judged === 'string') return judged;
  const { texts, cents, lat, lon, eventUs } = judged;
  const unsigned = String(cents < 0n ? -cents : cents).padStart(3, '0');
  const seconds = (eventUs - (((eventUs % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n;
  const micros = String(eventUs - seconds * 1_000_000n).padStart(6, '0');
  return {
    ...Object.fromEntries(TEXT_COLUMNS.map((name, at) => [name, texts[at]])),
    amount: `${cents < 0n ? '-' : ''}${unsigned.slice(0, -2)}.${unsigned.slice(-2)}`,
    lat,
    lon,
    event_time: new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `.${micros}Z`),
  };
}

describe('what the output contract makes of a value', () => {
  it('is tested against golden events for silver and for every reason', () => {
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set([null, ...QUARANTINE_REASONS]));
  });

  it.each(events)('agrees with the job about $name', ({ value, reason, silver }) => {
    const expected = reason ?? silver;
    expect(expected).toBeDefined();
    expect(notation(judgeValue(value))).toEqual(expected);
    if (value !== null) expect(notation(judgeExactly(value))).toEqual(expected);
  });
});
