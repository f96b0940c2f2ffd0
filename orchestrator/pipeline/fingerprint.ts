import { createHash } from 'node:crypto';
import type { Pipeline } from './model.ts';

/**
 * SHA-256 over what determines the outputs: event time, unknown fields, fields, the expectations
 * that quarantine, raw_csv and gold. Names, topics and the spelling of SQL are left out.
 */
export function fingerprintOf(
  pipeline: Pick<Pipeline, 'eventTime' | 'unknownFields' | 'fields' | 'expectations' | 'rawCsv' | 'gold'>,
): string {
  const { eventTime, unknownFields, fields, expectations, rawCsv, gold } = pipeline;
  const expectOrQuarantine = expectations.expectOrQuarantine.map(({ name, expression }) => ({
    name,
    expression,
  }));
  const decisive = { eventTime, unknownFields, fields, expectOrQuarantine, rawCsv, gold };
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex');
}

/** JSON with sorted keys and without white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
