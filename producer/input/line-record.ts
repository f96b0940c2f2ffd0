import { isUtf8 } from 'node:buffer';
import type { KafkaRecord } from '../deliver/kafka-record.ts';
import { ProducerError, shownValue } from '../errors.ts';
import { keyText, memberTexts } from '../events/json-members.ts';
import type { Line } from './lines.ts';

/**
 * How lines are read: each is a value, each is a record with its members, or each as it looks.
 */
export const LINE_FORMS = ['auto', 'events', 'records'] as const;

export type LineForm = (typeof LINE_FORMS)[number];

/** How the lines of an input become records. */
export interface LineReading {
  readonly form: LineForm;
  /**
   * The member of the event that is the record's key; null for records without keys. A dot goes
   * into an object, where no member has the whole name.
   */
  readonly keyField: string | null;
}

const MEMBERS: ReadonlySet<string> = new Set(['key', 'value', 'headers', 'timestamp']);
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

type Members = Readonly<Record<string, unknown>>;

/**
 * Makes a record of a line. A line is a value, byte for byte, unless it is a JSON object of `value`
 * and any of `key`, `headers` and `timestamp`, and of nothing else, each of its type:
 * - `value`: an object, which is sent as its text in the line; a text, which is sent as it is; null,
 *   a tombstone
 * - `key`: a text, a number or null. Where it is missing, the key comes from the value.
 * - `headers`: an object of texts, or of lists of texts
 * - `timestamp`: milliseconds since the epoch, or an ISO-8601 text with its offset
 *
 * @param nowMs the record's time where the line has none
 * @throws {ProducerError} for a line that is no record where all have to be
 */
export function recordOfLine(
  { number, bytes }: Line,
  { form, keyField }: LineReading,
  nowMs: number,
): KafkaRecord {
  const needsText = form !== 'events' || keyField !== null;
  const text = needsText && mayBeObject(bytes) && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  const event = text === undefined ? undefined : objectOf(text);
  const fault = form === 'events' ? 'it is an event' : faultOf(event);
  if (event && text !== undefined && fault === undefined) {
    const members = memberTexts(text);
    const { value: given, headers, timestamp } = event;
    // An object is sent as its own text in the line.
    const value = given === null || typeof given === 'string' ? given : (members.get('value') ?? null);
    return {
      key: members.has('key') ? keyText(members.get('key')) : keyOf(value, keyField),
      value,
      timestampMs: typeof timestamp === 'string' ? Date.parse(timestamp) : Number(timestamp ?? nowMs),
      ...(headers !== undefined && { headers: headers as NonNullable<KafkaRecord['headers']> }),
      line: number,
    };
  }
  if (form === 'records') {
    throw new ProducerError(
      `line ${number} of the input is no record: ${fault}`,
      'a record is {"key": …, "value": …, "headers": {…}, "timestamp": …}, of which only value is needed; --as events sends each line as a value',
    );
  }
  const key = event && text !== undefined && keyField !== null ? memberKey(text, keyField) : null;
  return { key, value: bytes, timestampMs: nowMs, line: number };
}

const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09]);

function mayBeObject(bytes: Buffer): boolean {
  let at = 0;
  while (BLANKS.has(bytes[at] ?? 0)) at += 1;
  return bytes[at] === 0x7b;
}

function objectOf(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Members)
      : undefined;
  } catch {
    // Broken JSON is a value like any other: whoever reads the topic has to deal with it.
    return undefined;
  }
}

/** Why an object is not a record with its members; undefined for one that is. */
function faultOf(event: Members | undefined): string | undefined {
  if (!event) return 'it is no JSON object';
  if (!Object.hasOwn(event, 'value')) return 'it has no value';
  const other = Object.keys(event).find((name) => !MEMBERS.has(name));
  if (other !== undefined) return `${shownValue(other)} is none of ${[...MEMBERS].join(', ')}`;
  const { key, value, headers, timestamp } = event;
  if (key !== undefined && key !== null && typeof key !== 'string' && typeof key !== 'number') {
    return 'its key is no text, number or null';
  }
  if (typeof value !== 'string' && (typeof value !== 'object' || Array.isArray(value))) {
    return 'its value is no object, text or null';
  }
  if (headers !== undefined && !areHeaders(headers)) return 'its headers are no object of texts';
  if (timestamp !== undefined && !isTimestamp(timestamp)) {
    return 'its timestamp is neither milliseconds since 1970 nor an ISO-8601 text with its offset';
  }
  return undefined;
}

function areHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  const isText = (value: unknown): boolean => typeof value === 'string';
  return Object.values(headers).every((value) =>
    Array.isArray(value) ? value.every(isText) : isText(value),
  );
}

function isTimestamp(timestamp: unknown): boolean {
  if (typeof timestamp === 'number') return Number.isSafeInteger(timestamp) && timestamp >= 0;
  return typeof timestamp === 'string' && INSTANT.test(timestamp) && Date.parse(timestamp) >= 0;
}

function keyOf(value: string | null, keyField: string | null): string | null {
  if (value === null || keyField === null || !objectOf(value)) return null;
  return memberKey(value, keyField);
}

/** @param text a JSON object */
function memberKey(text: string, field: string): string | null {
  const members = memberTexts(text);
  const whole = members.get(field);
  if (whole !== undefined) return keyText(whole);
  const dot = field.indexOf('.');
  const outer = dot < 0 ? undefined : members.get(field.slice(0, dot));
  return outer?.startsWith('{') ? memberKey(outer, field.slice(dot + 1)) : null;
}
