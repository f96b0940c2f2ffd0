import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A text, a repeated text, or bytes. The parts make up a value. */
const part = z.union([
  z.string(),
  z.strictObject({ text: z.string(), times: z.int() }),
  z.strictObject({ base64: z.base64() }),
]);

const line = z.strictObject({
  name: z.string(),
  value: z.array(part).nullable(),
  reason: z.string().nullable(),
  silver: z.record(z.string(), z.string()).optional(),
  key: z.array(part).nullable().optional(),
});

/** A record that breaks parsers, and its documented outcome. */
export interface PoisonRecord {
  readonly name: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Null: a silver row. */
  readonly reason: string | null;
}

/**
 * The corpus that the job's own tests use, too. A record without a key in the fixture has its name
 * as key.
 */
export function poisonCorpus(): readonly PoisonRecord[] {
  return readFileSync(new URL('../../data/fixtures/poison-corpus.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)))
    .map(({ name, value, reason, key = [name] }) => ({
      name,
      key: bytesOf(key),
      value: bytesOf(value),
      reason,
    }));
}

function bytesOf(parts: readonly z.output<typeof part>[] | null): Buffer | null {
  if (parts === null) return null;
  return Buffer.concat(
    parts.map((one) => {
      if (typeof one === 'string') return Buffer.from(one);
      return 'base64' in one ? Buffer.from(one.base64, 'base64') : Buffer.from(one.text.repeat(one.times));
    }),
  );
}
