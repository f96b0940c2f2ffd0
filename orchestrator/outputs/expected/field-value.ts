import { readPattern } from '../../pipeline/contract/jdk-pattern.ts';
import { readTime } from '../../pipeline/contract/read-time.ts';
import type {
  ArrayType,
  DateType,
  Field,
  Item,
  ObjectType,
  TimestampType,
  Type,
} from '../../pipeline/model.ts';
import { decimalUnits, epochUs } from './exact-decimal.ts';
import { isoDays, isoTimeUs } from './iso-time.ts';
import { type JsonObject, type JsonValue, memberOf, numberText } from './json-value.ts';

/**
 * The value of a column, by its type: string, boolean; integer as bigint; decimal as units of its last place; double as
 * number; date as days since 1970; timestamp as Unix microseconds; an array as its elements, an object as the values of its fields.
 */
export type Value = null | string | bigint | number | boolean | readonly Value[];

/** Reads what an event has for a field that is there; undefined when it has another type. */
export type ValueReader = (json: JsonValue) => Value | undefined;

const INTEGER = /^-?[0-9]+$/;
const HALF_OR_PAIR = /[\ud800-\udfff]/;
const DAY_US = 86_400_000_000n;

/** The reader of a field's value. Of a field among the absent ones nothing is read, whatever the event has. */
export function fieldReader(field: Field, absent: ReadonlySet<Field>): ValueReader {
  return absent.has(field) ? () => null : valueReader(field.type, absent);
}

/** @param absent fields of objects in it of which nothing is read */
export function valueReader(type: Type, absent: ReadonlySet<Field> = new Set()): ValueReader {
  switch (type.kind) {
    case 'string':
      return (json) => (typeof json === 'string' ? encodable(json) : numberText(json));
    case 'integer':
      return (json) => integerOf(numberText(json));
    case 'double':
      return (json) => doubleOf(json);
    case 'boolean':
      return (json) => (typeof json === 'boolean' ? json : undefined);
    case 'decimal':
      return (json) => {
        const text = typeof json === 'string' ? json : numberText(json);
        return text === undefined ? undefined : decimalUnits(text, type);
      };
    case 'date':
      return dateReader(type);
    case 'timestamp':
      return timestampReader(type);
    case 'object':
      return objectReader(type, absent);
    case 'array':
      return arrayReader(type, absent);
  }
}

/** An escape such as \ud800 alone is no character, and UTF-8 has no bytes for it: Java encodes a question mark instead. */
function encodable(text: string): string {
  return HALF_OR_PAIR.test(text) ? text.replace(/\p{Surrogate}/gu, '?') : text;
}

function integerOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !INTEGER.test(text)) return undefined;
  const integer = BigInt(text);
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

function doubleOf(json: JsonValue): number | undefined {
  const text = numberText(json);
  const double = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(double) ? double : undefined;
}

function dateReader(type: DateType): ValueReader {
  if (type.shape === undefined) return textReader(isoDays);
  const pattern = readPattern(type.format, 'date');
  return textReader((text) => {
    const us = readTime(pattern, text);
    return us === undefined ? undefined : Number(us / DAY_US);
  });
}

function timestampReader(type: TimestampType): ValueReader {
  if ('epoch' in type) {
    return (json) => {
      const text = typeof json === 'string' ? json : numberText(json);
      return text === undefined ? undefined : epochUs(text, type.epoch);
    };
  }
  const { timezone } = type;
  if (type.shape === undefined) return textReader((text) => isoTimeUs(text, timezone));
  const pattern = readPattern(type.format, 'timestamp');
  return textReader((text) => readTime(pattern, text, timezone));
}

const textReader =
  (read: (text: string) => Value | undefined): ValueReader =>
  (json) =>
    typeof json === 'string' ? read(json) : undefined;

function objectReader({ fields }: ObjectType, absent: ReadonlySet<Field>): ValueReader {
  const readers = fields.map((field) => ({
    name: field.name,
    read: nullable(field, fieldReader(field, absent)),
  }));
  return (json) => {
    if (!isObject(json)) return undefined;
    const values: Value[] = [];
    for (const { name, read } of readers) {
      const value = read(memberOf(json, name));
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  };
}

function arrayReader({ items }: ArrayType, absent: ReadonlySet<Field>): ValueReader {
  const read = nullable(items, valueReader(items.type, absent));
  return (json) => {
    if (!Array.isArray(json)) return undefined;
    const values: Value[] = [];
    for (const element of json) {
      const value = read(element);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  };
}

/** A part of an object or array, which may be null unless it is required. */
function nullable({ required }: Item, read: ValueReader): ValueReader {
  return (json) => {
    if (json === null) return required ? undefined : null;
    return read(json);
  };
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && numberText(json) === undefined;
}
