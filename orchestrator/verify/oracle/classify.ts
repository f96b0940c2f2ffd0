import {
  type ColumnType,
  type Constraints,
  columnType,
  type Field,
  type Item,
  KAFKA_TS,
  type Pipeline,
  silverColumns,
} from '../../pipeline/model.ts';
import {
  atScale,
  comparisonOf,
  conditionOf,
  type Evaluation,
  literalOf,
  type SilverRow,
  scaleOf,
} from './expression-value.ts';
import { fieldReader, type Value, type ValueReader } from './field-value.ts';
import { type JsonObject, memberOf, readJsonObject } from './json-value.ts';

/** The parts of a record that determine its outcome. */
export interface ClassifiedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The record's time in Kafka, Unix microseconds. */
  readonly kafkaUs: bigint;
  /** Null: a tombstone. */
  readonly bytes: Buffer | null;
  /** The bytes in the job's decoding. */
  readonly value: string | null;
}

/**
 * Determines the outcome of a record by a pipeline, following docs/outputs.md. It shares no code
 * with the job.
 */
export interface Classifier {
  /** Every reason of quarantine. When several apply, the first one counts. */
  readonly reasons: readonly string[];
  /** The silver row of a record, or the reason of its quarantine. */
  classify(record: ClassifiedRecord): SilverRow | string;
}

/**
 * A zero byte and a schema's id in four bytes, which Confluent's serializers put before a value.
 */
const REGISTRY_HEADER_BYTES = 5;

interface FieldRule {
  readonly name: string;
  readonly required: boolean;
  readonly read: ValueReader;
  readonly check: ConstraintCheck | undefined;
  /** The field's position in the contract. */
  readonly at: number;
}

/**
 * @param absent optional fields, nested ones too, that the pipeline did not have yet: their columns
 * are null, and their members in an event are unknown ones
 */
export function classifierOf(pipeline: Pipeline, absent: ReadonlySet<Field> = new Set()): Classifier {
  const rules = pipeline.fields.map((field, at) => ruleOf(field, at, absent));
  /** Required fields are checked first. */
  const inOrder = [...rules.filter(({ required }) => required), ...rules.filter(({ required }) => !required)];
  const constrained = rules.filter(({ check }) => check !== undefined);
  const names = new Set(pipeline.fields.filter((field) => !absent.has(field)).map(({ name }) => name));
  const columns = silverColumns(pipeline.fields, pipeline.eventTime);
  const expectations = pipeline.expectations.expectOrQuarantine.map(({ name, expression }) => ({
    name,
    holds: conditionOf(expression, columns),
  }));
  const rowOf = rowMaker(pipeline);
  const isUnknown = pipeline.unknownFields === 'quarantine' ? (name: string) => !names.has(name) : undefined;

  function classify(record: ClassifiedRecord): SilverRow | string {
    const { bytes, value } = record;
    if (bytes === null || value === null) return 'null_value';
    if (bytes.length >= REGISTRY_HEADER_BYTES && bytes[0] === 0) return 'schema_registry_header';
    const event = readJsonObject(value);
    if (!event) return 'not_json_object';
    const values = new Array<Value>(rules.length).fill(null);
    const wrong = readFields(inOrder, event, values);
    if (wrong !== undefined) return wrong;
    if (isUnknown && Object.keys(event).some(isUnknown)) return 'unknown_field';
    for (const { name, check, at } of constrained) {
      if (check?.(values[at] ?? null) === false) return `bad_${name}`;
    }
    const row = rowOf(values, record);
    return firstViolated(expectations, row) ?? row;
  }

  return { reasons: reasonsOf(pipeline, constrained), classify };
}

/** Counts the silver rows for which each expectation of `expect` is false. */
export function expectationCounts({ fields, eventTime, expectations }: Pipeline) {
  const columns = silverColumns(fields, eventTime);
  const counted = expectations.expect.map(({ name, expression }) => ({
    name,
    holds: conditionOf(expression, columns),
    rows: 0,
  }));
  return {
    count(row: SilverRow): void {
      for (const each of counted) if (each.holds(row) === false) each.rows += 1;
    },
    unmet: () => Object.fromEntries(counted.map(({ name, rows }) => [name, rows])),
  };
}

function ruleOf(field: Field, at: number, absent: ReadonlySet<Field>): FieldRule {
  const { name, required } = field;
  return { name, required, read: fieldReader(field, absent), check: constraintCheck(field), at };
}

/** Fills in the values of the fields. @returns why one of them gives no silver row */
function readFields(rules: readonly FieldRule[], event: JsonObject, values: Value[]): string | undefined {
  for (const { name, required, read, at } of rules) {
    const json = memberOf(event, name);
    if (json === null) {
      if (required) return `missing_${name}`;
      continue;
    }
    const value = read(json);
    if (value === undefined) return required ? `bad_${name}` : 'wrong_type';
    values[at] = value;
  }
  return undefined;
}

function firstViolated(
  expectations: readonly { readonly name: string; readonly holds: Evaluation }[],
  row: SilverRow,
): string | undefined {
  for (const { name, holds } of expectations) if (holds(row) === false) return name;
  return undefined;
}

/**
 * The contract's fields but the event time, then event_time, kafka_ts and the lineage: see
 * `silverColumns`.
 */
function rowMaker({ fields, eventTime }: Pipeline) {
  const eventAt = fields.findIndex(({ name }) => name === eventTime.field);
  const isOwn = eventTime.field === KAFKA_TS;
  const kept = fields.map((_field, at) => at).filter((at) => at !== eventAt);
  return (values: readonly Value[], { kafkaUs, topic, partition, offset }: ClassifiedRecord): SilverRow => {
    const row: Value[] = kept.map((at) => values[at] ?? null);
    const eventUs = isOwn ? kafkaUs : (values[eventAt] ?? null);
    row.push(eventUs, kafkaUs, topic, BigInt(partition), BigInt(offset));
    return row;
  };
}

function reasonsOf(
  { fields, unknownFields, expectations }: Pipeline,
  constrained: readonly FieldRule[],
): readonly string[] {
  const required = fields.filter((field) => field.required);
  return [
    ...new Set([
      ...['null_value', 'schema_registry_header', 'not_json_object'],
      ...required.flatMap(({ name }) => [`missing_${name}`, `bad_${name}`]),
      'wrong_type',
      ...(unknownFields === 'quarantine' ? ['unknown_field'] : []),
      ...constrained.map(({ name }) => `bad_${name}`),
      ...expectations.expectOrQuarantine.map(({ name }) => name),
    ]),
  ];
}

/**
 * Whether a value, which may be null, satisfies the contract's constraints on it and on its parts.
 */
type ConstraintCheck = (value: Value) => boolean;

type ValueCheck = (value: NonNullable<Value>) => boolean;

/** @returns undefined where the contract has no constraint */
function constraintCheck({ type, constraints }: Item): ConstraintCheck | undefined {
  const checks =
    type.kind === 'object' || type.kind === 'array'
      ? [...sizeChecks(constraints), ...insideChecks(type)]
      : scalarChecks(columnType(type) as ColumnType, constraints);
  if (checks.length === 0) return undefined;
  return (value) => value === null || checks.every((check) => check(value));
}

function insideChecks(type: Extract<Item['type'], { readonly kind: 'object' | 'array' }>): ValueCheck[] {
  if (type.kind === 'array') {
    const check = constraintCheck(type.items);
    return check ? [(value) => (value as readonly Value[]).every(check)] : [];
  }
  return type.fields.flatMap((field, at) => {
    const check = constraintCheck(field);
    return check ? [(value: NonNullable<Value>) => check((value as readonly Value[])[at] ?? null)] : [];
  });
}

function sizeChecks({ minItems, maxItems }: Constraints): ValueCheck[] {
  const size = (value: Value) => (value as readonly Value[]).length;
  return [
    ...(minItems === undefined ? [] : [(value: Value) => size(value) >= minItems]),
    ...(maxItems === undefined ? [] : [(value: Value) => size(value) <= maxItems]),
  ];
}

function scalarChecks(type: ColumnType, constraints: Constraints): ValueCheck[] {
  const limit = (text: string | undefined, holds: (order: number) => boolean): ValueCheck[] => {
    if (text === undefined) return [];
    const bound = literalOf(type.kind, text);
    const compare = comparisonOf(type, bound.type);
    return [(value) => holds(compare(value, bound.value))];
  };
  return [
    ...limit(constraints.minimum, (order) => order >= 0),
    ...limit(constraints.maximum, (order) => order <= 0),
    ...limit(constraints.exclusiveMinimum, (order) => order > 0),
    ...limit(constraints.exclusiveMaximum, (order) => order < 0),
    ...multipleChecks(type, constraints),
    ...textChecks(constraints),
    ...validValueChecks(type, constraints),
  ];
}

function multipleChecks(type: ColumnType, { multipleOf }: Constraints): ValueCheck[] {
  if (multipleOf === undefined) return [];
  const factor = literalOf('decimal', multipleOf);
  const scale = Math.max(scaleOf(type), scaleOf(factor.type));
  const [units, of] = [atScale(type, scale), atScale(factor.type, scale)(factor.value)];
  return [(value) => units(value) % of === 0n];
}

function textChecks({ minLength, maxLength, patterns = [] }: Constraints): ValueCheck[] {
  const length = (value: Value) => [...String(value)].length;
  return [
    ...(minLength === undefined ? [] : [(value: Value) => length(value) >= minLength]),
    ...(maxLength === undefined ? [] : [(value: Value) => length(value) <= maxLength]),
    ...patterns.map((pattern) => {
      const found = new RegExp(pattern, 'u');
      return (value: Value) => found.test(String(value));
    }),
  ];
}

function validValueChecks(type: ColumnType, { validValues }: Constraints): ValueCheck[] {
  if (validValues === undefined) return [];
  const valid = validValues.map((text) => {
    const literal = literalOf(type.kind, text);
    const compare = comparisonOf(type, literal.type);
    return (value: Value) => compare(value, literal.value) === 0;
  });
  return [(value) => valid.some((equals) => equals(value))];
}
