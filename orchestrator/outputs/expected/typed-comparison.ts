import { decimalOfText } from '../../pipeline/columns.ts';
import type { ColumnType, LiteralType } from '../../pipeline/model.ts';
import { decimalText, decimalUnits } from './exact-decimal.ts';
import type { Value } from './field-value.ts';
import { isoDays, isoTimeUs } from './iso-time.ts';

/** Compares two values that are not null: below 0, 0 or above, as for sorting. */
export type Comparison = (one: Value, other: Value) => number;

/** A value that stands in the pipeline, with its type. */
export interface Literal {
  readonly type: ColumnType;
  readonly value: Value;
}

/** What a literal, limit or valid value stands for. @param kind its type; a decimal has the digits that are written */
export function literalOf(kind: LiteralType, text: string): Literal {
  switch (kind) {
    case 'string':
      return { type: { kind }, value: text };
    case 'boolean':
      return { type: { kind }, value: text === 'true' };
    case 'integer':
      return { type: { kind }, value: BigInt(text) };
    case 'double':
      return { type: { kind }, value: Number(text) };
    case 'date':
      return { type: { kind }, value: known(isoDays(text), text) };
    case 'timestamp':
      return { type: { kind }, value: known(isoTimeUs(text), text) };
    case 'decimal': {
      const type = decimalOfText(text);
      return { type, value: known(decimalUnits(text, type), text) };
    }
  }
}

function known<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new Error(`${text} is no value of its type`);
  return value;
}

/** How values of two types that may be compared are compared: exactly, but for doubles, as which both are taken. */
export function comparisonOf(one: ColumnType, other: ColumnType): Comparison {
  if (one.kind === 'string') return (a, b) => compareTexts(String(a), String(b));
  if (one.kind === 'double' || other.kind === 'double') {
    const [left, right] = [asDouble(one), asDouble(other)];
    return (a, b) => order(left(a), right(b));
  }
  const scale = Math.max(scaleOf(one), scaleOf(other));
  const [left, right] = [atScale(one, scale), atScale(other, scale)];
  return (a, b) => order(left(a), right(b));
}

function order<T extends bigint | number | boolean | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** By code points, as UTF-8's bytes are in order. */
function compareTexts(one: string, other: string): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Decimals of a number; 0 for an integer and all that is no number. */
export const scaleOf = (type: ColumnType): number => (type.kind === 'decimal' ? type.scale : 0);

/** A number of the type as a double. */
export function asDouble(type: ColumnType): (value: Value) => number {
  if (type.kind !== 'decimal') return (value) => Number(value);
  return (value) => Number(decimalText(value as bigint, type.scale));
}

/** A number of the type as units of the last of more decimals; anything else that has an order as it is. */
export function atScale(type: ColumnType, scale: number): (value: Value) => bigint {
  const factor = 10n ** BigInt(scale - scaleOf(type));
  return factor === 1n ? (value) => value as bigint : (value) => (value as bigint) * factor;
}
