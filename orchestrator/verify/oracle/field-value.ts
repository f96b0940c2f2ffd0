import { readPattern } from '../../pipeline/contract/jdk-pattern.ts';
import { readTime } from '../../pipeline/contract/read-time.ts';
import type {
  ArrayType,
  DateType,
  DecimalType,
  EpochUnit,
  Field,
  Item,
  ObjectType,
  TimestampType,
  Type,
} from '../../pipeline/model.ts';
import { type JsonObject, type JsonValue, memberOf, numberText } from './json-value.ts';

/**
 * The value of a column, by its type: string, boolean; integer as bigint; decimal as units of its
 * last place; double as number; date as days since 1970; timestamp as Unix microseconds; an array
 * as its elements, an object as the values of its fields.
 */
export type Value = null | string | bigint | number | boolean | readonly Value[];

/**
 * Reads the value of a field that an event has. Returns undefined when the value has another type.
 */
export type ValueReader = (json: JsonValue) => Value | undefined;

const INTEGER = /^-?[0-9]+$/;
const HALF_OR_PAIR = /[\ud800-\udfff]/;
const DAY_US = 86_400_000_000n;

/** The reader of a field's value. A field in `absent` is never read, even if the event has it. */
export function fieldReader(field: Field, absent: ReadonlySet<Field>): ValueReader {
  return absent.has(field) ? () => null : valueReader(field.type, absent);
}

/** @param absent fields of objects in it that are not read */
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

/**
 * A lone escape such as \ud800 is no character and has no bytes in UTF-8. Java encodes a question
 * mark instead.
 */
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

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?$/;
/** The largest offset from UTC that java.time accepts, in minutes. */
const LARGEST_OFFSET_MINUTES = 18 * 60;

function daysOf(month: number, year: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeapYear ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * Days from 1970-01-01 to a day of the (proleptic) Gregorian calendar: Howard Hinnant's
 * days_from_civil. `Date.UTC` takes years below 100 for 19xx.
 */
function daysSince1970(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOf(month, year)) return undefined;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Days since 1970 of an ISO 8601 date (2026-01-31), when it is in the calendar. */
export function isoDays(text: string): number | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0] = parts.slice(1).map(Number);
  return daysSince1970(year, month, day);
}

/**
 * The instant of an ISO 8601 date-time in Unix microseconds (further digits are cut), when the
 * output contract accepts it: `T` or a blank, seconds optional, up to nine digits of fraction, and
 * `Z`, `+hh`, `+hhmm`, `+hh:mm` or no offset; a day of the calendar, no hour 24, no leap second, an
 * offset within 18:00.
 * @param timezone `UTC` or `±hh:mm`, for a text without an offset
 */
export function isoTimeUs(text: string, timezone = 'UTC'): bigint | undefined {
  const parts = TIME.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1, 6).map(Number);
  const second = Number(parts[6] ?? 0);
  const offset = parts[8] ? 0 : offsetMinutes(parts[9] ?? timezone, parts[10]);
  const days = daysSince1970(year, month, day);
  if (days === undefined || offset === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const micros = Number((parts[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return BigInt((days * 1440 + hour * 60 + minute - offset) * 60 + second) * 1_000_000n + BigInt(micros);
}

/** @param hours `+hh`, or a whole zone: `UTC`, `+hh:mm` */
function offsetMinutes(hours: string, minutes = hours.slice(4)): number | undefined {
  if (hours === 'UTC') return 0;
  if (Number(minutes) > 59) return undefined;
  const offset = Number(hours.slice(1, 3)) * 60 + Number(minutes);
  if (offset > LARGEST_OFFSET_MINUTES) return undefined;
  return hours.startsWith('-') ? -offset : offset;
}

/** A number by RFC 8259. */
const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/**
 * Applies to numbers with an exponent. Spark's JSON parser refuses longer ones, and a number in a
 * text has the same limit.
 */
const MOST_DIGITS = 1000;

/**
 * `digits` times 10 to the power of `exponent`. The digits neither begin nor end with a zero, and
 * are empty for 0.
 */
interface ExactNumber {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

function exactNumber(text: string): ExactNumber | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = match;
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  if (exponent !== undefined && all !== '' && whole.length + fraction.length > MOST_DIGITS) return undefined;
  const digits = withoutLastZeros(all);
  return {
    isNegative: sign === '-',
    digits,
    exponent: Number(exponent ?? 0) - fraction.length + (all.length - digits.length),
  };
}

/**
 * A loop, because a pattern for zeros at the end takes quadratic time where many zeros stand
 * elsewhere.
 */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/**
 * A number's text in units of a decimal's last place: `12.340` of decimal(18,2) is 1234.
 * @returns undefined for a text that is no number, and for one with more decimals or digits than
 * the type has, not counting zeros at the end
 */
export function decimalUnits(text: string, { precision, scale }: DecimalType): bigint | undefined {
  const number = exactNumber(text);
  if (!number) return undefined;
  const { isNegative, digits, exponent } = number;
  if (digits === '') return 0n;
  if (-exponent > scale || digits.length + exponent > precision - scale) return undefined;
  const units = BigInt(digits) * 10n ** BigInt(scale + exponent);
  return isNegative ? -units : units;
}

/**
 * The text of a decimal from the units of its last place, with all decimals: 1234 of scale 2 is
 * `12.34`.
 */
export function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${fraction}`;
}

const DECIMALS_OF_MICROS = { seconds: 6, milliseconds: 3, microseconds: 0 } as const;
/** The year 0, and the year 10000, in Unix microseconds. */
const FIRST_US = -62_167_219_200_000_000n;
const END_US = 253_402_300_800_000_000n;
/** Digits below the microsecond that are checked to decide whether a time is before the year 0. */
const DIGITS_BELOW_MICROS = 18;
/**
 * Matches a number with an exponent and more digits than JSON numbers have, or with an exponent
 * beyond -999 to 999.
 */
const NO_EPOCH = /^-?(?:[0-9]\.?){1001}.*[eE]|[eE][+-]?0*[1-9][0-9]{3}/;

/**
 * A number's text as time since 1970 in Unix microseconds, cut to whole ones.
 * @returns undefined for a text that is no number, for a time outside the years 0 to 9999, and for
 * an exponent beyond -999 to 999
 */
function epochUs(text: string, unit: EpochUnit): bigint | undefined {
  const number = exactNumber(text);
  if (!number || NO_EPOCH.test(text)) return undefined;
  const { isNegative, digits } = number;
  const exponent = number.exponent + DECIMALS_OF_MICROS[unit];
  /** Digits of whole microseconds. */
  const whole = digits.length + exponent;
  if (digits === '' || whole <= 0) return 0n;
  if (whole > 18) return undefined;
  const magnitude = exponent >= 0 ? BigInt(digits) * 10n ** BigInt(exponent) : BigInt(digits.slice(0, whole));
  const us = isNegative ? -magnitude : magnitude;
  if (us < FIRST_US || us >= END_US) return undefined;
  const isBefore = us === FIRST_US && /[1-9]/.test(digits.slice(whole, whole + DIGITS_BELOW_MICROS));
  return isBefore ? undefined : us;
}
