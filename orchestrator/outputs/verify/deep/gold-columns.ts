import {
  type Column,
  columnsIn,
  columnType,
  isScalar,
  silverColumns,
  typeOfColumn,
} from '../../../pipeline/columns.ts';
import type { ColumnType, Pipeline } from '../../../pipeline/model.ts';
import type { AppendableColumn } from '../../duckdb/append-columns.ts';
import { quoted, sqlType } from '../../duckdb/expression-sql.ts';
import { decimalText } from '../../expected/exact-decimal.ts';
import { columnValue, type SilverRow } from '../../expected/expression-value.ts';
import type { Value } from '../../expected/field-value.ts';
import { dateText } from './contrast.ts';

/** A column of silver that gold is made of, or a member of an object in one: kept as a value in the table of expected rows. */
export interface GoldColumn {
  /** As the pipeline names it: `customer.country`. */
  readonly path: string;
  /** In the table. */
  readonly column: string;
  readonly sqlType: string;
  /** Kept as Unix microseconds. */
  readonly isInstant: boolean;
  readonly append: AppendableColumn['type'];
  readonly of: (row: SilverRow) => AppendableColumn['values'][number];
}

/** What the gold tables of a pipeline are made of, beyond the event time. */
export function goldColumns({ fields, eventTime, gold }: Pipeline): readonly GoldColumn[] {
  const silver = silverColumns(fields, eventTime);
  const paths = gold.flatMap(({ groupBy, measures }) => [
    ...groupBy,
    ...measures.flatMap(({ argument }) => columnsIn(argument)),
  ]);
  return [...new Set(paths)].map((path, at) => goldColumn(path, at, silver));
}

function goldColumn(path: string, at: number, silver: readonly Column[]): GoldColumn {
  const type = typeOfColumn(path, silver);
  if (type === undefined) throw new Error(`silver has no column ${path}`);
  const value = columnValue(path, silver);
  const kept = { path, column: `g${at}`, isInstant: type.kind === 'timestamp' };
  // Of an object or array gold asks only whether it is there.
  if (!isScalar(type)) {
    return { ...kept, sqlType: 'BOOLEAN', append: 'BOOLEAN', of: (row) => value(row) !== null || null };
  }
  const { append, of } = appendable(columnType(type) as ColumnType);
  return {
    ...kept,
    sqlType: kept.isInstant ? 'BIGINT' : sqlType(type),
    append,
    of: (row) => {
      const found = value(row);
      return found === null ? null : of(found);
    },
  };
}

/** How values of a type are handed to the database, which makes decimals and dates of their texts. */
function appendable(type: ColumnType): {
  readonly append: AppendableColumn['type'];
  readonly of: (value: Value) => AppendableColumn['values'][number];
} {
  switch (type.kind) {
    case 'decimal':
      return { append: 'VARCHAR', of: (value) => decimalText(value as bigint, type.scale) };
    case 'date':
      return { append: 'VARCHAR', of: (value) => dateText(Number(value)) };
    case 'integer':
    case 'timestamp':
      return { append: 'BIGINT', of: (value) => value as bigint };
    case 'double':
      return { append: 'DOUBLE', of: (value) => value as number };
    case 'boolean':
      return { append: 'BOOLEAN', of: (value) => value as boolean };
    case 'string':
      return { append: 'VARCHAR', of: (value) => value as string };
  }
}

/** The columns of a relation that has them by their names, as SQL over the table's; partition and offset it has already. */
export function namedSql(columns: readonly GoldColumn[]): readonly string[] {
  const roots = new Set(columns.map(({ path }) => path.split('.')[0] ?? ''));
  return [...roots]
    .filter((root) => root !== 'partition' && root !== 'offset')
    .map((root) => `${valueSql(columns, root)} AS ${quoted(root)}`);
}

/** A column as it is, or an object of those members that are kept. */
function valueSql(columns: readonly GoldColumn[], path: string): string {
  const depth = path.split('.').length;
  const inside = columns.filter((each) => each.path.startsWith(`${path}.`));
  const members = [...new Set(inside.map((each) => each.path.split('.')[depth] ?? ''))];
  const own = columns.find((each) => each.path === path);
  if (members.length === 0 && own) {
    return own.isInstant ? `make_timestamp(${own.column})` : own.column;
  }
  const object = `struct_pack(${members.map((name) => `${quoted(name)} := ${valueSql(columns, `${path}.${name}`)}`).join(', ')})`;
  return own ? `CASE WHEN ${own.column} THEN ${object} END` : object;
}
