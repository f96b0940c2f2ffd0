import { amountCents } from './amount-text.ts';
import { isoTimeUs } from './iso-time.ts';
import { type JsonMembers, readJsonMembers } from './json-members.ts';
import { plainPayload } from './plain-value.ts';
import type { QuarantineReason } from './quarantine-reason.ts';
import { type SilverPayload, TEXT_COLUMNS } from './silver-payload.ts';

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d/;

/**
 * What becomes of a record by the output contract (docs/outputs.md): the silver row that its value makes, or why it is
 * quarantined. Shares no code with the job.
 * @param value null: a tombstone
 */
export function judgeValue(value: string | null): SilverPayload | QuarantineReason {
  if (value === null) return 'null_value';
  return plainPayload(value) ?? judgeExactly(value);
}

/** The same for any value, without the shortcut for plain ones. */
export function judgeExactly(value: string): SilverPayload | QuarantineReason {
  const members = readJsonMembers(value);
  if (!members) return 'not_json_object';
  if (given(members, 'txn_id') === undefined) return 'missing_txn_id';
  if (given(members, 'card_id') === undefined) return 'missing_card_id';
  const time = given(members, 'event_ts');
  if (time === undefined) return 'missing_event_ts';
  const eventUs = time.startsWith('"') ? isoTimeUs(JSON.parse(time)) : undefined;
  if (eventUs === undefined) return 'bad_event_ts';
  const amount = given(members, 'amount');
  if (amount === undefined) return 'missing_amount';
  const cents = amountCents(amount);
  if (cents === undefined) return 'bad_amount';
  const texts = TEXT_COLUMNS.map((name) => textOf(given(members, name)));
  const [lat, lon] = [numberOf(given(members, 'lat')), numberOf(given(members, 'lon'))];
  if (texts.includes(undefined) || lat === undefined || lon === undefined) return 'wrong_type';
  return { texts: texts as (string | null)[], cents, lat, lon, eventUs };
}

/** A member's source text; undefined when it is missing or null. */
function given(members: JsonMembers, name: string): string | undefined {
  const source = members.get(name);
  return source === 'null' ? undefined : source;
}

/** A text, or an integer as its digits (`-0` is the integer 0); undefined for another type. */
function textOf(source: string | undefined): string | null | undefined {
  if (source === undefined) return null;
  if (source.startsWith('"')) return encodable(JSON.parse(source));
  return INTEGER.test(source) ? BigInt(source).toString() : undefined;
}

/** An escape such as \ud800 alone is no character, and UTF-8 has no bytes for it: Java encodes a question mark instead. */
function encodable(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '?');
}

function numberOf(source: string | undefined): number | null | undefined {
  if (source === undefined) return null;
  const number = Number(source);
  return NUMBER.test(source) && Number.isFinite(number) ? number : undefined;
}
