import { type Database, sqlText } from '../lake/database.ts';
import { ProductError } from '../util/product-error.ts';

/** What a query reads, found in DuckDB's own syntax tree of it. */
export interface GuardedQuery {
  /** Every name of a table in it, in lower case: sinks, common table expressions and others. */
  readonly tables: ReadonlySet<string>;
}

/**
 * Table functions that compute or describe. All others are refused, whatever DuckDB adds to them:
 * they read files, run SQL that stands in a text, or change the process, such as enable_logging,
 * which not even a locked configuration holds back.
 */
const HARMLESS_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'repeat',
  'repeat_row',
  'unnest',
  'json_each',
  'json_tree',
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
  'pragma_show',
  'pragma_table_info',
  'pragma_version',
  'pg_timezone_names',
]);

/**
 * `EXPLAIN` runs nothing, `EXPLAIN ANALYZE` runs what stands behind it: that must be a query, too.
 */
const EXPLAIN = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?/i;

/**
 * Admits a single query that can only read, by DuckDB's parser: statements that write, set, attach
 * or load do not pass, nor functions that reach files or the network, however they are spelt or
 * nested. What names a file as a table is left to the database's locks (`Database.confine`).
 * @throws ProductError BAD_SQL
 */
export async function guardQuery(database: Database, sql: string): Promise<GuardedQuery> {
  const [[json] = []] = await database.all(`SELECT json_serialize_sql(${sqlText(sql.replace(EXPLAIN, ''))})`);
  const parsed = JSON.parse(String(json)) as SerializedSql;
  if (parsed.error) {
    // A text that cannot be parsed at all has a better error, with its line, from preparing it.
    if (parsed.error_type === 'parser') await database.prepare(sql);
    throw refused(
      'It is not a query: only SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES and EXPLAIN of these can be run.',
    );
  }
  if (parsed.statements.length !== 1) {
    throw refused(`It holds ${parsed.statements.length} statements: exactly one can be run.`);
  }
  const tables = new Set<string>();
  const open: unknown[] = [parsed.statements];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if (isTableFunction(node)) {
      const name = node.function.function_name;
      if (!HARMLESS_TABLE_FUNCTIONS.has(name.toLowerCase())) {
        throw refused(
          `It calls the table function ${name}, which is not allowed: only the sinks can be read.`,
        );
      }
    } else if ('table_name' in node && typeof node.table_name === 'string') {
      tables.add(node.table_name.toLowerCase());
    }
    for (const child of Object.values(node)) if (child !== undefined) open.push(child);
  }
  return { tables };
}

/** The answer of DuckDB's json_serialize_sql. */
type SerializedSql =
  | { readonly error: true; readonly error_type: string }
  | { readonly error: false; readonly statements: readonly unknown[] };

interface TableFunction {
  readonly function: { readonly function_name: string };
}

/** @throws Error when DuckDB's syntax tree is not as it is known: then nothing may pass */
function isTableFunction(node: object): node is TableFunction {
  if (!('type' in node) || node.type !== 'TABLE_FUNCTION') return false;
  if (typeof (node as Partial<TableFunction>).function?.function_name === 'string') return true;
  throw new Error(`DuckDB's syntax tree has a table function without a name: ${JSON.stringify(node)}`);
}

function refused(reason: string): ProductError {
  return new ProductError('BAD_SQL', {
    message: `The SQL is refused. ${reason}`,
    hint: '`npm run peek -- --help` has examples; for anything else, open the Parquet files with a DuckDB of your own.',
  });
}
