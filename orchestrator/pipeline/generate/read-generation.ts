import type { Contract } from '../contract/contract.ts';
import { canonicalJson } from '../fingerprint.ts';
import { type Field, type Item, isScalar, type Type } from '../model.ts';
import type { Refusals, YamlMembers, YamlValue } from '../yaml-source.ts';
import { fieldPathText, itemAt, parseFieldPath } from './field-path.ts';
import {
  FAKER_METHODS,
  type FieldHint,
  type FieldPath,
  type Generation,
  type Hint,
  SAMPLE_FILE,
  STRATEGIES,
  type ValueHint,
} from './generation.ts';
import { refuseOtherEvents } from './transaction-fields.ts';

/** The keys of `generate`. The JSON Schema has the same. */
export const GENERATE_KEYS = ['strategy', 'fields'] as const;

/** The two parts of a pipeline that a generation has to suit. */
interface Described {
  readonly eventTimeField: string;
  readonly key: string | null;
  /** Whether the folder has a sample; undefined where there is no folder yet. */
  readonly hasSample: boolean | undefined;
}

/**
 * Reads `generate` of pipeline.yml, and the primary key of the contract.
 * @returns undefined where neither file says anything
 */
export function readGeneration(
  value: YamlValue | undefined,
  contract: Contract,
  described: Described,
  refusals: Refusals,
): Generation | undefined {
  const { fields } = contract;
  const members = refusals.attempt(() => value?.members(GENERATE_KEYS));
  const strategy = refusals.attempt(() => {
    const given = members?.get('strategy');
    const name = given?.oneOf(STRATEGIES);
    if (given && name === 'transactions') refuseOtherEvents(given, fields, described.key);
    if (given && name === 'sample' && described.hasSample === false)
      given.refuse(`the folder has no ${SAMPLE_FILE}`, `contract, or a file ${SAMPLE_FILE} beside it`);
    return name;
  });
  const hints = refusals.attempt(() => {
    const list = members?.get('fields');
    if (list && strategy === 'transactions')
      list.refuse('hints for card transactions', 'none: the strategy transactions has its own values');
    return list && readHints(list, fields, described, refusals);
  });
  const unique = uniqueFields(contract, described);
  if (strategy === undefined && !hints?.length && unique.length === 0) return undefined;
  return {
    ...(strategy !== undefined && { strategy }),
    ...(unique.length > 0 && { unique }),
    ...(hints !== undefined && hints.length > 0 && { fields: hints }),
  };
}

/**
 * The fields that differ in every event: texts and whole numbers of the primary key. Of several, the
 * record's key repeats, since the others tell its events apart.
 */
function uniqueFields({ fields, primaryKey }: Contract, { eventTimeField, key }: Described): string[] {
  const names = fields
    .filter(({ name, type }) => primaryKey.has(name) && ['string', 'integer'].includes(type.kind))
    .map(({ name }) => name);
  return primaryKey.size > 1 ? names.filter((name) => name !== key && name !== eventTimeField) : names;
}

function readHints(
  list: YamlValue,
  fields: readonly Field[],
  { eventTimeField }: Described,
  refusals: Refusals,
): FieldHint[] {
  const taken = new Set<string>();
  const hints = refusals.each([...list.entries('a mapping of fields to hints').values()], (entry) => {
    const { key, value } = entry;
    const path = readPath(key, fields);
    const item = itemAt(path, fields) as Item;
    const text = fieldPathText(path);
    if (taken.has(text)) key.refuse(`${text} is there twice`, 'each field once');
    taken.add(text);
    if (text === fieldPathText([eventTimeField]))
      key.refuse(
        `${text} is the event time`,
        'other fields: event times follow EVENT_START and EVENTS_PER_SEC',
      );
    return { place: value, path, hint: readHint(value, path, item, fields) };
  });
  for (const hint of hints) refusals.attempt(() => refuseCircle(hint, hints));
  return hints.map(({ path, hint }) => ({ path, hint }));
}

function readPath(value: YamlValue, fields: readonly Field[]): FieldPath {
  const path = value.parse(parseFieldPath, 'the path of a field');
  if (itemAt(path, fields)) return path;
  const known = fields.map(({ name }) => fieldPathText([name])).join(', ');
  return value.refuse(`the contract has no field ${value.shown}`, `${known}, and what is in them`);
}

/** A reference leads, over other references, to a field without one. */
function refuseCircle(
  { place, path, hint }: FieldHint & { readonly place: YamlValue },
  hints: readonly FieldHint[],
): void {
  const passed = new Set([fieldPathText(path)]);
  let values = hint.values;
  while (values?.kind === 'same_as') {
    const next = fieldPathText(values.path);
    if (passed.has(next))
      place.refuse(`${next} refers to itself`, 'a reference to a field with values of its own');
    passed.add(next);
    values = hints.find((each) => fieldPathText(each.path) === next)?.hint.values;
  }
}

const HINTS = [
  'distribution',
  'median',
  'spread',
  'mean',
  'stddev',
  'min',
  'max',
  'exponent',
  'values',
  'weights',
  'constant',
  'sequence',
  'same_as',
  'faker',
  'null_share',
  'length',
] as const;
type HintMembers = YamlMembers<(typeof HINTS)[number]>;

const SOURCES = ['distribution', 'values', 'constant', 'sequence', 'same_as', 'faker'] as const;
/** What belongs to each source of values. */
const PARTS: Readonly<Record<string, readonly (typeof HINTS)[number][]>> = {
  lognormal: ['median', 'spread'],
  normal: ['mean', 'stddev'],
  uniform: ['min', 'max'],
  zipf: ['values', 'exponent'],
  values: ['weights'],
};

function readHint(value: YamlValue, path: FieldPath, item: Item, fields: readonly Field[]): Hint {
  const members = value.members(HINTS);
  const isZipf = members.get('distribution')?.isText && members.get('distribution')?.text() === 'zipf';
  const given = SOURCES.filter((name) => members.get(name) && !(isZipf && name === 'values'));
  if (given.length > 1) value.refuse(`the hint has ${given.join(' and ')}`, `one of ${SOURCES.join(', ')}`);
  const [source] = given;
  const values = source && readValues(source, members, path, item, fields);
  const allowed: readonly string[] = [
    ...given,
    'null_share',
    'length',
    ...(PARTS[partsOf(source, values)] ?? []),
  ];
  for (const name of HINTS) {
    const member = members.get(name);
    if (member && !allowed.includes(name))
      member.refuse(`${name} does not belong to this hint`, allowed.join(', '));
  }
  const nullShare = members.get('null_share');
  if (nullShare && item.required) nullShare.refuse('the field is required', 'fields that are not');
  const length = readLength(members.get('length'), item);
  const hint = {
    ...(values !== undefined && { values }),
    ...(nullShare !== undefined && { nullShare: number(nullShare, 0, 1) }),
    ...(length !== undefined && { length }),
  };
  return Object.keys(hint).length > 0 ? hint : value.refuse('the hint is empty', HINTS.join(', '));
}

const partsOf = (source: string | undefined, values: ValueHint | undefined): string =>
  source === 'distribution' && values?.kind === 'values'
    ? 'zipf'
    : source === 'distribution'
      ? String(values?.kind)
      : String(source);

function readValues(
  source: (typeof SOURCES)[number],
  members: HintMembers,
  path: FieldPath,
  item: Item,
  fields: readonly Field[],
): ValueHint {
  const given = members.required(source);
  const { type } = item;
  if (!isScalar(type))
    given.refuse(`of a field of type ${type.kind}`, 'hints of what is in it, and length of an array');
  switch (source) {
    case 'distribution':
      return readDistribution(given, members, type);
    case 'values': {
      const values = given.list('a list of values').map((each) => constant(each, type));
      if (values.length === 0) given.refuse('there are no values', 'one or more');
      const weights = members.get('weights');
      const shares = weights?.list('a list of numbers').map((each) => number(each, 0)) ?? values.map(() => 1);
      if (weights && (shares.length !== values.length || shares.some((share) => share === 0)))
        weights.refuse(
          `${shares.length} weights for ${values.length} values`,
          'a number above 0 for each value',
        );
      return { kind: 'values', values, weights: shares };
    }
    case 'constant':
      return { kind: 'values', values: [constant(given, type)], weights: [1] };
    case 'sequence': {
      if (!['string', 'integer', 'decimal'].includes(type.kind))
        given.refuse(`a sequence of type ${type.kind}`, 'of whole numbers, decimals or texts');
      const parts = given.members(['start', 'step']);
      const whole = 1_000_000_000_000;
      return {
        kind: 'sequence',
        start: parts.get('start')?.wholeNumber(-whole, whole) ?? 1,
        step: parts.get('step')?.wholeNumber(-whole, whole) ?? 1,
      };
    }
    case 'same_as': {
      const other = readPath(given, fields);
      const of = itemAt(other, fields) as Item;
      if (other.includes(null) || path.includes(null))
        given.refuse('of an element of an array', 'fields of the event and of objects in it');
      if (canonicalJson(of.type) !== canonicalJson(type))
        given.refuse(`${given.shown} is of another type`, `a field of the same type, ${canonicalJson(type)}`);
      if (item.required && !of.required)
        given.refuse(`${given.shown} is not required, and the field is`, 'a required field');
      return { kind: 'same_as', path: other };
    }
    case 'faker':
      if (type.kind !== 'string') given.refuse(`of a field of type ${type.kind}`, 'of texts');
      return { kind: 'faker', method: given.oneOf(FAKER_METHODS) };
  }
}

const NUMBERS: readonly Type['kind'][] = ['integer', 'decimal', 'double'];

function readDistribution(given: YamlValue, members: HintMembers, type: Type): ValueHint {
  const kind = given.oneOf(['lognormal', 'normal', 'uniform', 'zipf']);
  if (kind !== 'zipf' && !NUMBERS.includes(type.kind))
    given.refuse(`${kind} of type ${type.kind}`, 'zipf, or numbers');
  switch (kind) {
    case 'lognormal':
      return {
        kind,
        median: number(members.required('median'), Number.MIN_VALUE),
        spread: number(members.required('spread'), 0),
      };
    case 'normal':
      return { kind, mean: number(members.required('mean')), stddev: number(members.required('stddev'), 0) };
    case 'uniform': {
      const [min, max] = [number(members.required('min')), number(members.required('max'))];
      if (max < min) members.required('max').refuse(`${max} is below ${min}`, `${min} or more`);
      return { kind, min, max };
    }
    case 'zipf': {
      const values = members.required('values');
      const exponent = members.get('exponent') ? number(members.required('exponent'), 0, 10) : 1;
      if (!values.isList) return { kind, count: values.wholeNumber(1, 100_000), exponent };
      const list = values.list().map((each) => constant(each, type));
      if (list.length === 0) values.refuse('there are no values', 'one or more, or how many');
      return { kind: 'values', values: list, weights: list.map((_, at) => (at + 1) ** -exponent) };
    }
  }
}

function readLength(length: YamlValue | undefined, { type, constraints }: Item): Hint['length'] {
  if (!length) return undefined;
  if (type.kind !== 'array') return length.refuse(`of a field of type ${type.kind}`, 'of arrays');
  const { minItems = 0, maxItems = 10_000 } = constraints;
  const parts = length.members(['min', 'max']);
  const min = parts.required('min').wholeNumber(minItems, Math.min(maxItems, 10_000));
  return { min, max: parts.required('max').wholeNumber(min, Math.min(maxItems, 10_000)) };
}

/** A finite number in a range. */
function number(value: YamlValue, min = -Number.MAX_VALUE, max = Number.MAX_VALUE): number {
  const allowed =
    max !== Number.MAX_VALUE
      ? `a number from ${min} to ${max}`
      : min === Number.MIN_VALUE
        ? 'a number above 0'
        : min === 0
          ? 'a number, 0 or more'
          : 'a number';
  const result = Number(value.numberText(allowed));
  return result >= min && result <= max ? result : value.refuse(`${value.shown} is out of range`, allowed);
}

/** A value of the field's type, as the event has it. */
function constant(value: YamlValue, type: Type): string {
  switch (type.kind) {
    case 'boolean':
      return String(value.boolean());
    case 'integer': {
      const text = value.numberText('a whole number');
      return /^-?\d+$/.test(text) ? text : value.refuse(`${text} is no whole number`, 'a whole number');
    }
    case 'double':
    case 'decimal':
      return value.numberText();
    case 'timestamp':
      return 'epoch' in type ? value.numberText('a number') : value.text('a time, as the event has it');
    case 'date':
      return value.text('a date, as the event has it');
    default:
      return value.text('a text');
  }
}
