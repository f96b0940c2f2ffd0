import { type Column, isScalar, silverColumns } from '../../pipeline/columns.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { quoted } from '../duckdb/expression-sql.ts';
import {
  columnTextSql,
  decimalOfTextSql,
  decimalTextSql,
  jsonColumnTextSql,
} from '../expected/column-text.ts';

/** How much of a row raw_csv and silver are compared by: the first column of raw_csv, or all of them. */
export type CsvScope = 'first column' | 'all columns';

/** A column of raw_csv. */
export interface CsvColumn {
  readonly name: string;
  /** An instant, as Unix microseconds. */
  readonly isInstant: boolean;
  /** The column's value in silver and in raw_csv, as SQL of one type. */
  readonly silver: string;
  readonly csv: string;
  /** What is shown of it where that is something else. */
  readonly shown: Readonly<Record<'silver' | 'csv', string>> | undefined;
}

/**
 * The columns of raw_csv, where all is text: instants and doubles are compared as such, objects and arrays by their parts, everything
 * else by its text. A decimal is so by its digits.
 */
export function csvColumns({ fields, eventTime, rawCsv }: Pipeline): readonly CsvColumn[] {
  const silver = silverColumns(fields, eventTime);
  return rawCsv.columns.flatMap((name) => silver.filter((column) => column.name === name).map(csvColumn));
}

function csvColumn({ name, type }: Column): CsvColumn {
  const column = quoted(name);
  const pair = (silver: string, csv: string, shown?: CsvColumn['shown']) => ({
    name,
    isInstant: type.kind === 'timestamp',
    silver,
    csv,
    shown,
  });
  if (!isScalar(type)) {
    const shown = { silver: `to_json(${column})::VARCHAR`, csv: column };
    return pair(columnTextSql(type, column), jsonColumnTextSql(type, column), shown);
  }
  switch (type.kind) {
    case 'string':
      return pair(column, column);
    case 'timestamp':
      return pair(`epoch_us(${column})`, `epoch_us(try_cast(${column} AS TIMESTAMPTZ))`);
    case 'double':
      return pair(column, `try_cast(${column} AS DOUBLE)`);
    case 'date':
      return pair(`${column}::VARCHAR`, `try_cast(${column} AS DATE)::VARCHAR`);
    case 'decimal':
      return pair(decimalTextSql(type, column), decimalOfTextSql(type, column));
    default:
      return pair(`${column}::VARCHAR`, column);
  }
}

/** A hash of what a row is compared by, as SQL. */
export function rowHash(columns: readonly CsvColumn[], sink: 'silver' | 'raw_csv', scope: CsvScope): string {
  const compared = scope === 'first column' ? columns.slice(0, 1) : columns;
  return `hash(${compared.map((column) => (sink === 'silver' ? column.silver : column.csv)).join(', ')})`;
}
