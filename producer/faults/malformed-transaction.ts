import { withMember, withoutMember } from '../events/json-members.ts';
import type { MalformedValue } from '../generate/event-source.ts';
import { drawFrom, type Random } from '../generate/random.ts';

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

interface MalformedTransaction extends MalformedValue {
  readonly kind: MalformedKind;
}

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

/** Makes a transaction's JSON malformed, each kind with the same probability. */
export function malformedTransaction(random: Random, value: string): MalformedTransaction {
  // A transaction has every field.
  const replaced = (field: string, json: string): string => withMember(value, field, json) ?? value;
  const kind = drawFrom(random, MALFORMED_KINDS);
  switch (kind) {
    case 'broken_json': {
      // Cut anywhere but at the ends, so that the object is never closed.
      const end = 1 + Math.floor(random.fraction() * (value.length - 1));
      return { kind, value: value.slice(0, end), reason: 'not_json_object' };
    }
    case 'missing_field': {
      const field = drawFrom(random, NEEDED_FIELDS);
      return { kind, value: withoutMember(value, field), reason: `missing_${field}` };
    }
    case 'wrong_type': {
      const [field, json] = drawFrom(random, WRONG_TYPES);
      return { kind, value: replaced(field, json), reason: 'wrong_type' };
    }
    case 'bad_timestamp':
      return {
        kind,
        value: replaced('event_ts', drawFrom(random, BAD_TIMESTAMPS)),
        reason: 'bad_event_ts',
      };
    case 'bad_amount':
      return {
        kind,
        value: replaced('amount', drawFrom(random, BAD_AMOUNTS)),
        reason: 'bad_amount',
      };
    case 'tombstone':
      return { kind, value: null, reason: 'null_value' };
  }
}
