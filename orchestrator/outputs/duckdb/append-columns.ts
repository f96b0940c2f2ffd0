import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  INTEGER,
  UBIGINT,
  VARCHAR,
} from '@duckdb/node-api';

const TYPES = { BIGINT, BOOLEAN, DOUBLE, INTEGER, UBIGINT, VARCHAR };

/** One column: its type, and a value for each row. */
export interface AppendableColumn {
  readonly type: keyof typeof TYPES;
  readonly values: readonly (bigint | boolean | number | string | null)[];
}

/** The columns of a table in its order, all of one length. */
export type AppendableColumns = readonly AppendableColumn[];

/** Rows that DuckDB takes at once: the size of its vectors. */
const CHUNK_ROWS = 2048;

/** Adds rows to a table without going through SQL. A text becomes a decimal or date where the table has one. */
export async function appendColumns(
  connection: DuckDBConnection,
  table: string,
  columns: AppendableColumns,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    const rows = columns[0]?.values.length ?? 0;
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const to = Math.min(rows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(
        columns.map(({ type }) => TYPES[type]),
        to - from,
      );
      for (const [at, { values }] of columns.entries()) chunk.setColumnValues(at, values.slice(from, to));
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}
