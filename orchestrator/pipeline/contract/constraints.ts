import type { Constraints, Type } from '../model.ts';
import type { YamlMembers, YamlValue } from '../yaml-source.ts';
import { normalisePattern } from './ecma-pattern.ts';
import { DATE_FORM, INSTANT_FORM, isoDate, isoInstant } from './iso-time.ts';
import { libraryRules, type PropertyMembers } from './property.ts';
import { STRING_FORMATS } from './string-formats.ts';

const LIMITS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
const INTEGER_FORMATS = {
  i8: ['-128', '127'],
  i16: ['-32768', '32767'],
  i32: ['-2147483648', '2147483647'],
  i64: undefined,
  u8: ['0', '255'],
  u16: ['0', '65535'],
  u32: ['0', '4294967295'],
} as const;

/** The options of each type. What concerns its notation alone is read with the type. */
const OPTIONS = {
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

/** Reads what a value has to satisfy beyond its type: `logicalTypeOptions`, and valid values by `quality`. @throws Refusal */
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

/** `pattern`, and the texts that a `format` stands for. `password` is a hint for people. */
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

/** Limits in the notation of pipeline.json. The range of an integer's `format` stands where no limit is given. */
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

/** A number without an exponent as its shortest text. */
function plainDecimal(text: string): string | undefined {
  const match = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole.length + fraction.length > 38) return undefined;
  const magnitude = fraction === '' ? whole : `${whole}.${fraction}`;
  return magnitude === '0' ? '0' : `${sign}${magnitude}`;
}
