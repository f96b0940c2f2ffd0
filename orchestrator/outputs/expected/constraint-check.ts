import { columnType } from '../../pipeline/columns.ts';
import type { ColumnType, Constraints, Item } from '../../pipeline/model.ts';
import type { Value } from './field-value.ts';
import { atScale, comparisonOf, literalOf, scaleOf } from './typed-comparison.ts';

/** Whether a value, which may be null, satisfies what the contract asks of it and of its parts. */
export type ConstraintCheck = (value: Value) => boolean;

type ValueCheck = (value: NonNullable<Value>) => boolean;

/** @returns undefined where the contract asks nothing */
export function constraintCheck({ type, constraints }: Item): ConstraintCheck | undefined {
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
