import { type Database, sqlText } from '../../lake/database.ts';
import { ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';

/** What a query reads, from DuckDB's own syntax tree. */
export interface GuardedQuery {
  /** Every table name in it, in lower case: sinks, common table expressions and others. */
  readonly tables: ReadonlySet<string>;
}

/**
 * Table functions that compute or describe. All others are refused, including those that later
 * versions of DuckDB add. They read files, run SQL from a text, or change the process, such as
 * enable_logging, which even a locked configuration does not prevent.
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
 * `EXPLAIN` runs nothing. `EXPLAIN ANALYZE` runs the statement after it, so that has to be a query,
 * too.
 */
const EXPLAIN = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?/i;

/**
 * Accepts a single query that can only read, as DuckDB's parser sees it. It refuses statements that
 * write, set, attach or load, and functions that reach files or the network, in any spelling or
 * nesting. Files that are named as tables are left to the database's locks (`Database.confine`).
 * @throws ProductError BAD_SQL
 */
export async function guardQuery(database: Database, sql: string): Promise<GuardedQuery> {
  const [[json] = []] = await database.all(`SELECT json_serialize_sql(${sqlText(sql.replace(EXPLAIN, ''))})`);
  const parsed = JSON.parse(String(json)) as SerializedSql;
  if (parsed.error) {
    // For a text that cannot be parsed at all, preparing it gives a better error, with the line.
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

/** The result of DuckDB's json_serialize_sql. */
type SerializedSql =
  | { readonly error: true; readonly error_type: string }
  | { readonly error: false; readonly statements: readonly unknown[] };

interface TableFunction {
  readonly function: { readonly function_name: string };
}

/** @throws Error when DuckDB's syntax tree has an unknown form: then no query is accepted */
function isTableFunction(node: object): node is TableFunction {
  if (!('type' in node) || node.type !== 'TABLE_FUNCTION') return false;
  if (typeof (node as Partial<TableFunction>).function?.function_name === 'string') return true;
  throw new Error(`DuckDB's syntax tree has a table function without a name: ${JSON.stringify(node)}`);
}

function refused(reason: string): ProductError {
  return new ProductError('BAD_SQL', {
    message: `The SQL is refused. ${reason}`,
    hint: `\`${userCommand('peek', '--help')}\` has examples; for anything else, open the Parquet files with a DuckDB of your own.`,
  });
}
