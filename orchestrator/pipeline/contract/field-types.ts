import type { Constraints, EpochUnit, ScalarType, Type } from '../model.ts';
import type { YamlMembers, YamlValue } from '../yaml-source.ts';
import { normalisePattern } from './ecma-pattern.ts';
import { readPattern } from './jdk-pattern.ts';
import {
  customProperty,
  DATE_FORM,
  fixedZone,
  INSTANT_FORM,
  isoDate,
  isoInstant,
  libraryRules,
  type PropertyMembers,
} from './property.ts';
import { STRING_FORMATS } from './string-formats.ts';

const LIMITS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
export const INTEGER_FORMATS = {
  i8: ['-128', '127'],
  i16: ['-32768', '32767'],
  i32: ['-2147483648', '2147483647'],
  i64: undefined,
  u8: ['0', '255'],
  u16: ['0', '65535'],
  u32: ['0', '4294967295'],
} as const;

/**
 * The options of each type. Options that concern only its notation are read together with the type.
 */
export const OPTIONS = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: [...LIMITS, 'multipleOf', 'format'],
  decimal: [...LIMITS, 'multipleOf'],
  double: [...LIMITS, 'format'],
  boolean: [],
  date: [...LIMITS, 'format'],
  timestamp: [...LIMITS, 'format', 'timezone', 'defaultTimezone'],
  epoch: LIMITS,
  object: ['required'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
} as const satisfies Record<string, readonly string[]>;

type Option = (typeof OPTIONS)[keyof typeof OPTIONS][number];
type Options = YamlMembers<Option>;

/**
 * Reads the constraints on a value beyond its type: `logicalTypeOptions`, and valid values from
 * `quality`. @throws Refusal
 */
export function readConstraints(type: Type, members: PropertyMembers): Constraints {
  const kind = type.kind === 'timestamp' && 'epoch' in type ? 'epoch' : type.kind;
  const options = members.get('logicalTypeOptions')?.members<Option>(OPTIONS[kind]);
  const validValues = readValidValues(type, members);
  return {
    ...(options ? readOptions(type, options) : {}),
    ...(validValues.length > 0 ? { validValues } : {}),
  };
}

function readOptions(type: Type, options: Options): Constraints {
  switch (type.kind) {
    case 'string':
      return { ...counts(options, ['minLength', 'maxLength']), ...patterns(options) };
    case 'array': {
      const unique = options.get('uniqueItems');
      if (unique?.boolean()) unique.refuse('that items are unique is not checked', 'false');
      return counts(options, ['minItems', 'maxItems']);
    }
    case 'integer':
    case 'decimal':
    case 'double':
    case 'date':
    case 'timestamp':
      return { ...limits(type, options), ...multipleOf(type, options) };
    default:
      return {};
  }
}

function counts<const Name extends 'minLength' | 'maxLength' | 'minItems' | 'maxItems'>(
  options: Options,
  names: readonly [Name, Name],
): { readonly [key in Name]?: number } {
  const given = names.flatMap((name) => {
    const value = options.get(name);
    return value === undefined ? [] : [[name, value.wholeNumber(0, 2_147_483_647), value] as const];
  });
  const [low, high] = given;
  if (low && high && low[1] > high[1]) high[2].refuse(`${high[1]} is below ${low[0]}`, `${low[1]} or more`);
  return Object.fromEntries(given) as { [key in Name]?: number };
}

/** `pattern`, and the patterns that implement a `format`. `password` is a hint for people. */
function patterns(options: Options): Constraints {
  const given = options.get('pattern');
  const format = options.get('format')?.oneOf([...Object.keys(STRING_FORMATS), 'password']);
  const all = [
    ...(given === undefined ? [] : [given.parse(normalisePattern, 'a regular expression')]),
    ...(format === undefined || format === 'password'
      ? []
      : [normalisePattern(STRING_FORMATS[format] ?? '')]),
  ];
  return all.length === 0 ? {} : { patterns: all };
}

/**
 * Limits in the notation of pipeline.json. Where no limit is given, the range of an integer's
 * `format` applies.
 */
function limits(type: Type, options: Options): Constraints {
  const given = LIMITS.flatMap((name) => {
    const value = options.get(name);
    return value === undefined ? [] : [[name, readValue(type, value)] as const];
  });
  const format = options.get('format');
  if (type.kind === 'double') format?.oneOf(['f64']);
  const range = type.kind === 'integer' && format ? integerRange(format) : {};
  const all = { ...range, ...Object.fromEntries(given) };
  return Object.fromEntries(LIMITS.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}

function integerRange(format: YamlValue): Constraints {
  const range =
    INTEGER_FORMATS[format.oneOf(Object.keys(INTEGER_FORMATS) as (keyof typeof INTEGER_FORMATS)[])];
  return range ? { minimum: range[0], maximum: range[1] } : {};
}

function multipleOf(type: Type, options: Options): Constraints {
  const given = options.get('multipleOf');
  if (given === undefined) return {};
  const value = readValue(type, given);
  if (value.startsWith('-') || Number(value) === 0)
    given.refuse(`${value} is not above 0`, 'a number above 0');
  return { multipleOf: value };
}

function readValidValues(type: Type, members: PropertyMembers): string[] {
  const [rule, second] = libraryRules(members.get('quality'));
  if (!rule) return [];
  second?.required('metric').refuse('a second rule of valid values', 'one');
  const zero = rule.required('mustBe');
  if (zero.numberText('0') !== '0') zero.refuse(`${zero.shown} invalid values`, '0');
  const list = rule.required('arguments').members(['validValues']).required('validValues');
  if (type.kind === 'object' || type.kind === 'array')
    list.refuse(`valid values of an ${type.kind}`, 'those of its properties or items');
  const values = list.list('a list of values').map((value) => readValue(type, value));
  return values.length > 0 ? [...new Set(values)] : list.refuse('there are no valid values', 'one or more');
}

/** A value of the type as pipeline.json has it. */
function readValue(type: Type, value: YamlValue): string {
  const refuse = (allowed: string) => value.refuse(`${value.shown} is no such value`, allowed);
  switch (type.kind) {
    case 'date':
      return isoDate(value.text(DATE_FORM)) ?? refuse(DATE_FORM);
    case 'timestamp':
      return isoInstant(value.text(INSTANT_FORM)) ?? refuse(INSTANT_FORM);
    case 'boolean':
      return String(value.boolean());
    case 'integer': {
      const text = value.numberText('a whole number of 64 bits');
      const whole = /^-?\d{1,30}$/.test(text) ? BigInt(text) : undefined;
      return whole !== undefined && BigInt.asIntN(64, whole) === whole
        ? String(whole)
        : refuse('a whole number of 64 bits');
    }
    case 'decimal':
      return plainDecimal(value.numberText()) ?? refuse('a number without an exponent, of at most 38 digits');
    case 'double': {
      const number = Number(value.numberText());
      return Number.isFinite(number) ? String(number) : refuse('a finite double');
    }
    default:
      return value.text('a text in quotes');
  }
}

/** A number without an exponent, as its shortest text. */
function plainDecimal(text: string): string | undefined {
  const match = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole.length + fraction.length > 38) return undefined;
  const magnitude = fraction === '' ? whole : `${whole}.${fraction}`;
  return magnitude === '0' ? '0' : `${sign}${magnitude}`;
}

export const EPOCH_UNITS: readonly EpochUnit[] = ['seconds', 'milliseconds', 'microseconds'];
const NUMBERS = 'decimal(p,s) with at most 38 digits, double';
const ZONES = 'UTC, or an offset such as +02:00 (zones with summer time are ambiguous for an hour each year)';

/**
 * What the JSON of each type looks like. A physicalType of this kind adds nothing and is accepted.
 */
const PHYSICAL_TYPES = {
  string: ['string'],
  integer: ['integer'],
  boolean: ['boolean'],
  date: ['string'],
  timestamp: ['string'],
  epoch: ['number', 'integer'],
} as const;

/** Reads the type of a property that is no object and no array. @throws Refusal */
export function readScalarType(
  logicalType: 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp',
  members: PropertyMembers,
): ScalarType {
  const physicalType = members.get('physicalType');
  if (logicalType === 'number') return readNumberType(physicalType);
  const epoch = customProperty(members, 'epoch')?.oneOf(EPOCH_UNITS);
  physicalType?.oneOf(PHYSICAL_TYPES[epoch ? 'epoch' : logicalType]);
  if (epoch) return { kind: 'timestamp', epoch };
  if (logicalType === 'date') return { kind: 'date', ...readFormat('date', members) };
  if (logicalType !== 'timestamp') return { kind: logicalType };
  const zone = timeOptions(members)?.get('defaultTimezone');
  const timezone = zone === undefined ? 'UTC' : fixedZone(zone.text(ZONES));
  return {
    kind: 'timestamp',
    ...readFormat('timestamp', members),
    timezone: timezone ?? (zone as YamlValue).refuse(`${zone?.shown} has no fixed offset`, ZONES),
  };
}

function readNumberType(physicalType: YamlValue | undefined): ScalarType {
  if (physicalType === undefined || physicalType.text(NUMBERS) === 'double') return { kind: 'double' };
  const match = /^decimal\( *(\d{1,2}) *, *(\d{1,2}) *\)$/i.exec(physicalType.text());
  const [precision, scale] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || precision < 1 || precision > 38 || scale > precision) {
    return physicalType.refuse(`${physicalType.shown} is not supported here`, NUMBERS);
  }
  return { kind: 'decimal', precision, scale };
}

function readFormat(
  kind: 'date' | 'timestamp',
  members: PropertyMembers,
): { format: string; shape?: string } {
  const format = timeOptions(members)?.get('format');
  // ODCS's own examples call this ISO 8601.
  if (format === undefined || /^iso8601$/i.test(format.text())) return { format: 'iso8601' };
  const pattern = format.parse((text) => readPattern(text, kind), 'a pattern');
  return { format: pattern.format, shape: pattern.shape };
}

/** The constraints check which of the options a date or timestamp can have at all. */
function timeOptions(members: PropertyMembers) {
  const entries = members.get('logicalTypeOptions')?.entries();
  return entries && { get: (name: string) => entries.get(name)?.value };
}
