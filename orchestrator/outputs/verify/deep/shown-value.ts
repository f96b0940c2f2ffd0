import { type Column, columnType } from '../../../pipeline/columns.ts';
import type { Type } from '../../../pipeline/model.ts';
import { decimalText } from '../../expected/exact-decimal.ts';
import type { Value } from '../../expected/field-value.ts';
import { dateText, instantText, type ShownValue } from './contrast.ts';

type AnyType = Column['type'] | Type;

/** A column of a file as it is shown, as SQL of one type. */
export function shownSql({ kind }: AnyType, sql: string): string {
  if (kind === 'timestamp') return `epoch_us(${sql})`;
  return kind === 'object' || kind === 'array' ? `to_json(${sql})::VARCHAR` : `${sql}::VARCHAR`;
}

/** What that gave. */
export function shownOfFile({ kind }: AnyType, cell: unknown): ShownValue {
  if (cell === null || cell === undefined) return null;
  if (kind === 'string') return String(cell);
  return { literal: kind === 'timestamp' ? instantText(BigInt(String(cell))) : String(cell) };
}

/** The same of a value that a record gives. */
export function shownOfRecord(type: AnyType, value: Value): ShownValue {
  if (value === null) return null;
  return type.kind === 'string' ? String(value) : { literal: literalOf(type, value) };
}

function literalOf(type: AnyType, value: Value): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'string':
      return JSON.stringify(value);
    case 'decimal':
      return decimalText(value as bigint, type.scale);
    case 'timestamp':
      return instantText(value as bigint);
    case 'date':
      return dateText(Number(value));
    case 'object': {
      const values = value as readonly Value[];
      const members = type.fields.map(
        (field, at) =>
          `${JSON.stringify(field.name)}:${literalOf(columnType(field.type), values[at] ?? null)}`,
      );
      return `{${members.join(',')}}`;
    }
    case 'array': {
      const { items } = type;
      return `[${(value as readonly Value[]).map((each) => literalOf(columnType(items.type), each)).join(',')}]`;
    }
    default:
      return String(value);
  }
}
