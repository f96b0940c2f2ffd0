import { normalisePattern } from '../../pipeline/contract/ecma-pattern.ts';
import { STRING_FORMATS } from '../../pipeline/contract/string-formats.ts';
import type { EpochUnit } from '../../pipeline/model.ts';
import { TextError } from '../../pipeline/text-error.ts';
import { isoDays, isoTimeUs } from '../../verify/oracle/field-value.ts';
import { type JsonObject, type JsonValue, numberText } from '../../verify/oracle/json-value.ts';
import { eventTimeScore, isMoney } from '../fields/field-names.ts';
import { epochUnitOf } from '../fields/time-notation.ts';
import type { InferredItem } from '../inferred.ts';

type Keywords = ReadonlyMap<string, JsonValue>;

const KINDS = ['string', 'number', 'integer', 'boolean'];
/** Formats of integers that ODCS has, and those of OpenAPI. */
const INTEGER_FORMATS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32'].map((name) => [name, name])),
  ...{ int8: 'i8', int16: 'i16', int32: 'i32', int64: 'i64', uint8: 'u8', uint16: 'u16', uint32: 'u32' },
};
const LIMITS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;

/**
 * The item of a value that is no object and no array.
 * @param types its JSON types without null; none when the schema names no type
 * @returns a reason when the contract cannot have it
 */
export function scalarOf(name: string, types: readonly string[], keywords: Keywords): InferredItem | string {
  const values = valuesOf(keywords);
  const all =
    types.length > 0 ? types : values ? [...new Set(values.map(typeOf))] : typesOfAlternatives(keywords);
  if (all.length === 0) return 'the schema does not name its type';
  const isText = all.every((type) => type === 'string' || type === 'number' || type === 'integer');
  if (all.some((type) => !KINDS.includes(type)) || (all.length > 1 && !isText)) {
    return `its values can be of several kinds (${all.join(', ')}), which no column takes`;
  }
  if (all.includes('string')) return textItem(all, keywords, values);
  if (all.includes('boolean')) return { logicalType: 'boolean', required: true, ...validOf(values), why: [] };
  const epoch = epochOf(name, keywords);
  if (epoch) return epochItem(epoch);
  return all.includes('number') ? numberItem(name, keywords, values) : integerItem(name, keywords, values);
}

function typesOfAlternatives(keywords: Keywords): readonly string[] {
  const alternatives = keywords.get('anyOf');
  if (!Array.isArray(alternatives)) return [];
  const types = alternatives.map((part) => (part as JsonObject | null)?.['type']);
  return types.every((type) => typeof type === 'string') ? [...new Set(types as string[])] : [];
}

/** The values of `enum` or `const` but null, as texts. */
function valuesOf(keywords: Keywords): readonly JsonValue[] | undefined {
  const list = keywords.get('enum');
  if (Array.isArray(list)) return list.filter((value) => value !== null);
  return keywords.has('const') ? [keywords.get('const') ?? null] : undefined;
}

function typeOf(value: JsonValue): string {
  const number = numberText(value);
  if (number !== undefined) return /^-?\d+$/.test(number) ? 'integer' : 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

function validOf(values: readonly JsonValue[] | undefined): Pick<InferredItem, 'validValues'> {
  if (!values || values.length === 0) return {};
  return { validValues: [...new Set(values.map((value) => numberText(value) ?? String(value)))] };
}

function textItem(
  types: readonly string[],
  keywords: Keywords,
  values: readonly JsonValue[] | undefined,
): InferredItem {
  const format = keywords.get('format');
  const isText = types.length === 1;
  const text = { required: true } as const;
  if (isText && format === 'date-time')
    return { logicalType: 'timestamp', ...text, why: [], ...timeLimits(keywords, isoTimeUs) };
  if (isText && format === 'date')
    return { logicalType: 'date', ...text, why: [], ...timeLimits(keywords, isoDays) };
  const why: string[] = isText ? [] : [`The schema allows ${types.join(' and ')}: a text takes both`];
  const options: Record<string, string | number> = {};
  for (const limit of ['minLength', 'maxLength']) {
    const count = numberText(keywords.get(limit) ?? null);
    if (isText && count !== undefined && /^\d{1,9}$/.test(count)) options[limit] = Number(count);
  }
  if (typeof format === 'string' && isText) {
    if (format in STRING_FORMATS) options['format'] = format;
    else why.push(`The format ${format} is not executed`);
  }
  const pattern = keywords.get('pattern');
  if (typeof pattern === 'string' && isText) {
    if (isExecuted(pattern)) options['pattern'] = pattern;
    else why.push('The pattern of the schema is beyond those that are executed');
  }
  const given = Object.keys(options).length > 0 ? { options } : {};
  return { logicalType: 'string', ...text, ...given, ...validOf(values), why };
}

function isExecuted(pattern: string): boolean {
  try {
    normalisePattern(pattern);
    return true;
  } catch (error) {
    if (error instanceof TextError) return false;
    throw error;
  }
}

/** OpenAPI's `formatMinimum` is of no schema that is common; ISO texts in limits are. */
function timeLimits(keywords: Keywords, read: (text: string) => unknown): Pick<InferredItem, 'options'> {
  const limits = LIMITS.flatMap((limit) => {
    const value = keywords.get(limit);
    return typeof value === 'string' && read(value) !== undefined ? [[limit, value] as const] : [];
  });
  return limits.length > 0 ? { options: Object.fromEntries(limits) } : {};
}

function integerItem(
  name: string,
  keywords: Keywords,
  values: readonly JsonValue[] | undefined,
): InferredItem {
  const format = INTEGER_FORMATS[String(keywords.get('format'))];
  const isWhole = (text: string) => /^-?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  const options = {
    ...(format && { format }),
    ...limitsOf(keywords, isWhole),
    ...multipleOf(keywords, isWhole),
  };
  const isTime =
    eventTimeScore(name) > 0
      ? [
          'Its unit is unknown: for a time, add customProperties: [{ property: epoch, value: milliseconds }] and make it a timestamp',
        ]
      : [];
  return { logicalType: 'integer', required: true, ...optionsOf(options), ...validOf(values), why: isTime };
}

function epochItem(epoch: EpochUnit): InferredItem {
  return {
    logicalType: 'timestamp',
    epoch,
    required: true,
    why: [`A number of ${epoch} since 1970, as the schema tells`],
  };
}

/** The unit of a time that is a number: by its format, its description, or a value that is given. */
function epochOf(name: string, keywords: Keywords): EpochUnit | undefined {
  const format = String(keywords.get('format') ?? '');
  const description = String(keywords.get('description') ?? '');
  const text = `${format} ${description}`;
  const isEpoch = /unix|epoch|1970|timestamp-(milli|micro)s/i.test(text);
  if (!isEpoch && eventTimeScore(name) === 0) return undefined;
  if (isEpoch && /micro/i.test(text)) return 'microseconds';
  if (isEpoch && /milli|\bms\b/i.test(text)) return 'milliseconds';
  if (isEpoch && /second|unix-time/i.test(text)) return 'seconds';
  const examples = keywords.get('examples');
  const given = [
    keywords.get('default'),
    keywords.get('minimum'),
    ...(Array.isArray(examples) ? examples : []),
  ];
  const numbers = given
    .flatMap((value) => numberText(value ?? null) ?? [])
    .filter((value) => Number(value) > 0);
  const unit = epochUnitOf(numbers, (count) => count > 0 && count === numbers.length);
  return unit === 'nanoseconds' ? undefined : unit;
}

/** A multiple of 0.01 is an exact number, and so is an amount of money. */
function numberItem(
  name: string,
  keywords: Keywords,
  values: readonly JsonValue[] | undefined,
): InferredItem {
  const step = numberText(keywords.get('multipleOf') ?? null);
  const decimals =
    step !== undefined && /^0*\d*(\.\d{1,6})?$/.test(step) ? (step.split('.')[1]?.length ?? 0) : undefined;
  const isPlain = (text: string) => /^-?\d{1,12}(\.\d{1,6})?$/.test(text);
  const given = (values ?? []).map((value) => numberText(value) ?? '');
  if ((decimals !== undefined || isMoney(name)) && given.every(isPlain)) {
    const scale = Math.max(decimals ?? 2, ...given.map((text) => text.split('.')[1]?.length ?? 0));
    const isDecimalStep = step !== undefined && Number(step) === 10 ** -scale;
    const options = {
      ...limitsOf(keywords, isPlain),
      ...(isDecimalStep ? {} : multipleOf(keywords, isPlain)),
    };
    const why =
      decimals === undefined
        ? [`Guessed: an amount, exact with ${scale} decimals`]
        : [`Exact, because it is a multiple of ${step}`];
    return {
      logicalType: 'number',
      physicalType: `decimal(18,${scale})`,
      required: true,
      ...optionsOf(options),
      ...validOf(values),
      why,
    };
  }
  const isDouble = (text: string) => Number.isFinite(Number(text)) && /^-?\d+(\.\d+)?$/.test(text);
  const why = keywords.has('multipleOf') ? ['multipleOf of a double is not executed'] : [];
  return {
    logicalType: 'number',
    required: true,
    ...optionsOf(limitsOf(keywords, isDouble)),
    ...validOf(values),
    why,
  };
}

const optionsOf = (options: Readonly<Record<string, string | number>>): Pick<InferredItem, 'options'> =>
  Object.keys(options).length > 0 ? { options } : {};

/** Limits as numbers. Draft 4 has `exclusiveMinimum: true` next to `minimum`. */
function limitsOf(keywords: Keywords, isAllowed: (text: string) => boolean): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const limit of LIMITS) {
    const value = keywords.get(limit);
    const text = numberText(value ?? null);
    if (text === undefined || !isAllowed(text) || !isExactDouble(text)) continue;
    const exclusive = limit === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum';
    const isExclusive = keywords.get(exclusive) === true && !limit.startsWith('exclusive');
    limits[isExclusive ? exclusive : limit] = Number(text);
  }
  return limits;
}

const isExactDouble = (text: string) => text.replace(/[-.]/g, '').length <= 15;

function multipleOf(keywords: Keywords, isAllowed: (text: string) => boolean): Record<string, number> {
  const text = numberText(keywords.get('multipleOf') ?? null);
  return text !== undefined && isAllowed(text) && isExactDouble(text) && Number(text) > 0
    ? { multipleOf: Number(text) }
    : {};
}
