import { isUtf8 } from 'node:buffer';
import type { TopicRecord } from '../../kafka/record-batch.ts';
import { type Column, columnType, type Type } from '../../pipeline/model.ts';
import type { ClassifiedRecord } from '../oracle/classify.ts';
import { decimalText, type Value } from '../oracle/field-value.ts';
import { decodeAsJava } from '../oracle/json-value.ts';
import type { BronzeValues } from './row-digest.ts';

type AnyType = Column['type'] | Type;

/** A column of a file as shown to people, as SQL of one type. */
export function shownSql({ kind }: AnyType, sql: string): string {
  if (kind === 'timestamp') return `epoch_us(${sql})`;
  return kind === 'object' || kind === 'array' ? `to_json(${sql})::VARCHAR` : `${sql}::VARCHAR`;
}

/** Converts the result of `shownSql`. */
export function shownOfFile({ kind }: AnyType, cell: unknown): ShownValue {
  if (cell === null || cell === undefined) return null;
  if (kind === 'string') return String(cell);
  return { literal: kind === 'timestamp' ? instantText(BigInt(String(cell))) : String(cell) };
}

/** A value from a record as shown to people. */
export function shownOfRecord(type: AnyType, value: Value): ShownValue {
  if (value === null) return null;
  return type.kind === 'string' ? String(value) : { literal: literalOf(type, value) };
}

function literalOf(type: AnyType, value: Value): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'string':
      return JSON.stringify(value);
    case 'decimal':
      return decimalText(value as bigint, type.scale);
    case 'timestamp':
      return instantText(value as bigint);
    case 'date':
      return dateText(Number(value));
    case 'object': {
      const values = value as readonly Value[];
      const members = type.fields.map(
        (field, at) =>
          `${JSON.stringify(field.name)}:${literalOf(columnType(field.type), values[at] ?? null)}`,
      );
      return `{${members.join(',')}}`;
    }
    case 'array': {
      const { items } = type;
      return `[${(value as readonly Value[]).map((each) => literalOf(columnType(items.type), each)).join(',')}]`;
    }
    default:
      return String(value);
  }
}

/**
 * A value as shown to people: a text in quotation marks, anything else as written, null for a
 * missing one.
 */
export type ShownValue = string | { readonly literal: string } | null;

/** Characters of a text that are shown. */
const SHOWN = 60;

/**
 * One column that differs: what the file has and what it should have, cut to where they begin to
 * differ.
 */
export function describeDifference(
  column: string,
  is: ShownValue,
  should: ShownValue,
  authority = 'its record gives',
): string {
  const from = is === null || should === null ? 0 : partingOf(textOf(is), textOf(should));
  const place = from === 0 ? '' : ` from character ${from + 1} on`;
  return `${column}${place} is ${shown(is, from)}, ${authority} ${shown(should, from)}`;
}

const textOf = (value: NonNullable<ShownValue>): string =>
  typeof value === 'string' ? value : value.literal;

/**
 * Where two texts begin to differ, less a few characters of context; 0 when that is near the
 * beginning.
 */
function partingOf(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at < SHOWN / 2 ? 0 : at - 10;
}

function shown(value: ShownValue, from: number): string {
  if (value === null) return 'null';
  const text = textOf(value);
  const part = text.slice(from, from + SHOWN);
  const more = text.length - from - SHOWN;
  return `${typeof value === 'string' ? JSON.stringify(part) : part}${more > 0 ? ` (and ${more} more characters)` : ''}`;
}

/** Days since 1970 as ISO 8601. */
export function dateText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** Unix microseconds as ISO 8601. */
export function instantText(us: bigint): string {
  const micros = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((us - micros) / 1000n));
  if (Number.isNaN(date.getTime())) return `${us} µs since 1970`;
  return date.toISOString().replace('.000Z', `.${String(micros).padStart(6, '0')}Z`);
}

/** A record as bronze should have it and as the classifier takes it. */
export type DecodedRecord = BronzeValues & ClassifiedRecord;

/** Decodes key, value and the names of headers as the job does. */
export function decoded(topic: string, partition: number, record: TopicRecord): DecodedRecord {
  const bytes = record.value;
  const value = bytes && decodeAsJava(bytes);
  return {
    topic,
    partition,
    offset: record.offset,
    kafkaUs: BigInt(record.timestampMs) * 1000n,
    key: record.key && decodeAsJava(record.key),
    value,
    bytes,
    // Only bytes that are not UTF-8 differ from the bytes of their text.
    valueBytes: bytes && isUtf8(bytes) ? null : bytes,
    headers: record.headers.map(({ key, value: content }) => ({ key: decodeAsJava(key), value: content })),
  };
}
