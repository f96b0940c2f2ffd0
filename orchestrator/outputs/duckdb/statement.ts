import { type DuckDBConnection, StatementType } from '@duckdb/node-api';
import { isInstant, isNumeric, type QueryCell, toQueryCell } from './query-cell.ts';

/** A column of a result. */
export interface QueryColumn {
  readonly name: string;
  /** DuckDB's name of its type. */
  readonly type: string;
  readonly numeric: boolean;
  readonly instant: boolean;
}

/** A result that is read as it is needed. */
export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  rows(): AsyncGenerator<readonly QueryCell[]>;
}

/** A statement that DuckDB has parsed and bound, and not run. */
export interface Statement {
  /** What it does, as DuckDB sees it. */
  readonly kind: 'select' | 'explain' | 'other';
  run(): Promise<QueryResult>;
}

/**
 * Prepares the statements of an SQL text one by one up to the first; `count` tells how many there are.
 * @throws DuckDB's error when the text cannot be parsed or bound
 */
export async function prepareFirst(
  connection: DuckDBConnection,
  sql: string,
): Promise<Statement & { readonly count: number }> {
  const statements = await connection.extractStatements(sql);
  const prepared = await statements.prepare(0);
  return {
    count: statements.count,
    kind: KINDS.get(prepared.statementType) ?? 'other',
    async run() {
      const result = await prepared.stream();
      const types = result.columnTypes();
      const columns = result.deduplicatedColumnNames().map((name, at): QueryColumn => {
        const type = types[at];
        if (!type) throw new Error(`Column ${name} has no type.`);
        return { name, type: type.toString(), numeric: isNumeric(type), instant: isInstant(type) };
      });
      return {
        columns,
        async *rows() {
          for await (const rows of result.yieldConvertedRows(toQueryCell)) yield* rows;
        },
      };
    },
  };
}

const KINDS: ReadonlyMap<StatementType, Statement['kind']> = new Map([
  [StatementType.SELECT, 'select'],
  [StatementType.EXPLAIN, 'explain'],
]);
