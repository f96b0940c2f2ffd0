import { pathNames } from '../../orchestrator/pipeline/column-name.ts';
import type { FieldPath } from '../../orchestrator/pipeline/generate/generation.ts';
import {
  type Constraints,
  columnsIn,
  type Expr,
  type Field,
  type Item,
  type Pipeline,
  type Type,
} from '../../orchestrator/pipeline/model.ts';
import type { EventRecord, MalformedValue } from '../generate/event-source.ts';
import { drawFrom, type Random } from '../generate/random.ts';
import type { ReasonOf } from './classified-events.ts';
import { jsonMembers, withMember, withoutMember, withValueAt } from './json-members.ts';

/** Makes an event's value malformed, or returns undefined where it cannot be in this way. */
type Malform = (random: Random, event: EventRecord) => MalformedValue | undefined;

/**
 * Makes events of a pipeline malformed, each kind with the same probability: `broken_json`,
 * `tombstone`, `missing_field`, `wrong_type`, `bad_timestamp`, and where the pipeline has them
 * `broken_constraint`, `broken_expectation`, `unknown_field`.
 *
 * @param examples events in which each kind is tried: what never succeeds is left out
 */
export function malformerOf(
  pipeline: Pipeline,
  reasonOf: ReasonOf,
  examples: readonly EventRecord[],
): (random: Random, event: EventRecord) => MalformedValue {
  const { fields, eventTime, unknownFields, expectations } = pipeline;
  const required = fields.filter((field) => field.required);
  const time = fields.find(({ name }) => name === eventTime.field);
  const kinds: readonly (readonly Malform[])[] = [
    [brokenJson],
    [() => ({ kind: 'tombstone', value: null, reason: 'null_value' })],
    required.map(({ name }) => missing(name)),
    fields.filter((field) => field !== time).map((field) => wrongType('wrong_type', field)),
    time ? [wrongType('bad_timestamp', time)] : [],
    fields.flatMap((field) =>
      brokenConstraints([field.name], field).map(({ path, jsons }) =>
        tried('broken_constraint', `bad_${field.name}`, [path], () => jsons, reasonOf),
      ),
    ),
    expectations.expectOrQuarantine.map(({ name, expression }) =>
      brokenExpectation(name, expression, fields, reasonOf),
    ),
    unknownFields === 'quarantine' ? [unknownField(fields)] : [],
  ];
  const random = { word: () => 0, fraction: () => 0 };
  const possible = kinds
    .map((ways) => ways.filter((malform) => examples.some((event) => malform(random, event) !== undefined)))
    .filter((ways) => ways.length > 0);
  return (faults, event) =>
    drawFrom(faults, drawFrom(faults, possible))(faults, event) ?? brokenJson(faults, event);
}

/** Cut anywhere but at the ends, so that the object is never closed. */
function brokenJson(random: Random, { value }: EventRecord): MalformedValue {
  const end = 1 + Math.floor(random.fraction() * (value.length - 1));
  // Half a surrogate pair has no bytes.
  const cut = value.slice(0, end).replace(/[\ud800-\udbff]$/, '');
  return { kind: 'broken_json', value: cut, reason: 'not_json_object' };
}

/** The member is not there, or null. */
function missing(name: string): Malform {
  return (random, { value }) => ({
    kind: 'missing_field',
    value:
      random.fraction() < 0.5
        ? withoutMember(value, name)
        : (withMember(value, name, 'null') ?? withoutMember(value, name)),
    reason: `missing_${name}`,
  });
}

function wrongType(kind: 'wrong_type' | 'bad_timestamp', field: Field): Malform {
  const wrong = wrongJsons(field.type);
  const reason = field.required ? `bad_${field.name}` : 'wrong_type';
  return (random, { value }) => {
    const malformed = withMember(value, field.name, drawFrom(random, wrong));
    return malformed === undefined ? undefined : { kind, value: malformed, reason };
  };
}

function unknownField(fields: readonly Field[]): Malform {
  let name = 'unknown_field';
  while (fields.some((field) => field.name.toLowerCase() === name)) name += '_';
  return (_, { value }) => ({
    kind: 'unknown_field',
    value: `{"${name}":true,${value.slice(value.indexOf('{') + 1)}`,
    reason: 'unknown_field',
  });
}

/** JSON that is no value of a type, whatever its constraints. */
function wrongJsons(type: Type): readonly string[] {
  switch (type.kind) {
    case 'string':
      return ['true', '["Café"]', '{"code":"EUR"}', 'false'];
    case 'integer':
      return ['"12"', '1.5', 'true', '99999999999999999999', '[1]'];
    case 'double':
      return ['"48.8566"', 'true', '{}', '1e999'];
    case 'decimal':
      return [`0.${'0'.repeat(type.scale)}1`, `1e${type.precision - type.scale}`, 'true', '"twelve"', '""'];
    case 'boolean':
      return ['"true"', '1', '[]', '"yes"'];
    case 'date':
      return ['20260131', '"yesterday"', '"2026-02-30"', 'true', '""'];
    case 'timestamp':
      return 'epoch' in type
        ? ['"yesterday"', '"2026-01-01T00:00:00Z"', 'true', '""', '1e99']
        : ['1767268800000', '"yesterday"', '"2026-02-30T12:00:00Z"', '"2026-01-01T24:00:00Z"', '""'];
    case 'object':
      return ['"text"', '[]', '7', ...type.fields.flatMap(wrongMember)];
    case 'array':
      return ['{}', '"text"', '7', ...wrongItem(type.items).map((json) => `[${json}]`)];
  }
}

/** An object with one member that is wrong. It is wrong for that, or because others are missing. */
function wrongMember({ name, type }: Field): readonly string[] {
  return wrongJsons(type).map((json) => `{${JSON.stringify(name)}:${json}}`);
}

const wrongItem = ({ required, type }: Item): readonly string[] => [
  ...wrongJsons(type),
  ...(required ? ['null'] : []),
];

/**
 * JSON of the right type that breaks a constraint on a field or on what is in it, with its place: a
 * list for each way, of which one or the other does in an event.
 */
function brokenConstraints(
  path: FieldPath,
  { type, constraints }: Item,
): readonly { readonly path: FieldPath; readonly jsons: readonly string[] }[] {
  const own = Object.keys(constraints).length === 0 ? [] : violations(type, constraints);
  const inside =
    type.kind === 'object'
      ? type.fields.flatMap((field) => brokenConstraints([...path, field.name], field))
      : type.kind === 'array'
        ? brokenConstraints([...path, null], type.items)
        : [];
  return own.length > 0 ? [{ path, jsons: own }, ...inside] : inside;
}

const FAR = ['-1', '0', '1', '-1000000', '1000000', '-9007199254740991', '9007199254740991', '0.5', '3', '7'];

function violations(type: Type, constraints: Constraints): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, maxLength, maxItems, minItems } = constraints;
  const limits = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].flatMap((text) =>
    text === undefined ? [] : [text],
  );
  switch (type.kind) {
    case 'string': {
      const long = maxLength === undefined ? [] : ['x'.repeat(Math.min(maxLength + 1, 100_000))];
      return ['', ...long, '~', 'not this one', '0', ' '].map((text) => JSON.stringify(text));
    }
    case 'integer':
    case 'decimal':
    case 'double':
      return [...limits.flatMap(around), ...limits, ...FAR];
    case 'boolean':
      return ['true', 'false'];
    case 'date':
      return type.shape === undefined ? ['"0001-01-01"', '"9999-12-31"', '"2026-01-01"'] : [];
    case 'timestamp':
      if ('epoch' in type) return ['0', '-1', '99999999999', '9999999999999', '9999999999999999'];
      return type.shape === undefined ? ['"0001-01-01T00:00:00Z"', '"9999-12-31T00:00:00Z"'] : [];
    case 'array':
      return [
        ...(minItems !== undefined ? ['[]'] : []),
        ...(maxItems !== undefined && !type.items.required
          ? [
              `[${Array(maxItems + 1)
                .fill('null')
                .join(',')}]`,
            ]
          : []),
      ];
    case 'object':
      return [];
  }
}

/** The next whole numbers below and above. */
function around(text: string): readonly string[] {
  if (!/^-?\d{1,18}(\.\d+)?$/.test(text)) return [];
  const whole = BigInt(text.split('.')[0] ?? '0');
  return [whole - 2n, whole - 1n, whole + 1n, whole + 2n].map(String);
}

/**
 * Replaces what is at these places by one of several values, the first of them in a drawn order for which the event is
 * in quarantine for exactly this reason.
 */
function tried(
  kind: string,
  reason: string,
  paths: readonly FieldPath[],
  jsonsIn: (event: EventRecord) => readonly string[],
  reasonOf: ReasonOf,
): Malform {
  return (random, event) => {
    const jsons = jsonsIn(event);
    const first = Math.floor(random.fraction() * jsons.length);
    for (let at = 0; at < jsons.length; at++) {
      for (const path of paths) {
        const value = withValueAt(event.value, path, jsons[(first + at) % jsons.length] as string);
        if (value !== undefined && reasonOf(value, event.timestampMs) === reason)
          return { kind, value, reason };
      }
    }
    return undefined;
  };
}

/** Breaks a condition by a constant in it, one near it, or the value of another member. */
function brokenExpectation(
  name: string,
  expression: Expr,
  fields: readonly Field[],
  reasonOf: ReasonOf,
): Malform {
  const columns = new Set(columnsIn(expression).map((path) => pathNames(path)[0]));
  const named = fields.map((field) => field.name).filter((field) => columns.has(field));
  const literals = literalsIn(expression);
  const jsons = [
    ...literals.flatMap((text) => [
      ...around(text),
      ...(/^-?\d+(\.\d+)?$/.test(text) ? [text] : []),
      JSON.stringify(text),
    ]),
    ...FAR,
    ...['""', '"~"', '"not this one"', 'true', 'false', 'null'],
  ];
  const jsonsIn = ({ value }: EventRecord): readonly string[] => [
    ...jsons,
    ...jsonMembers(value)
      .filter((member) => named.includes(member.name))
      .flatMap(({ from, to }) => [value.slice(from, to), ...around(value.slice(from, to))]),
  ];
  const paths = named.map((field) => [field]);
  return tried('broken_expectation', name, paths, jsonsIn, reasonOf);
}

function literalsIn(expr: Expr): readonly string[] {
  if (expr.op === 'literal') return [expr.value];
  return 'args' in expr ? expr.args.flatMap(literalsIn) : [];
}
