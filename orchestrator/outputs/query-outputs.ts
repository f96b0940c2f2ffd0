import { messageOf, ProductError } from '../core/product-error.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { lastCommittedBatch } from './checkpoint.ts';
import { committedFiles, type SinkFile } from './committed-files.ts';
import { type Database, MEMORY_LIMIT_MB, withDatabase } from './duckdb/database.ts';
import { literalGlob, relationOf } from './duckdb/file-source.ts';
import type { QueryCell } from './duckdb/query-cell.ts';
import { guardQuery } from './duckdb/query-guard.ts';
import type { QueryResult } from './duckdb/statement.ts';
import { isVanished } from './duckdb/vanished.ts';
import { noData, outputChanged } from './nothing-to-read.ts';
import { columnsOfOutput } from './sink-columns.ts';
import { isSinkName, type OutputName, outputNames } from './sinks.ts';

export interface QueryOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** What the outputs are made by. */
  readonly pipeline: Pipeline;
  readonly sql: string;
  readonly signal?: AbortSignal;
}

/** How often a query starts over because files were pruned or replaced under it. */
const ATTEMPTS = 5;

/**
 * Runs one read-only query over the sinks as tables, of one moment: what micro-batches had left that were committed when it began.
 * @param use takes the result; what it got may be incomplete when this throws afterwards
 * @throws ProductError BAD_SQL with DuckDB's words; NO_DATA; OUTPUT_CHANGED; OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED; the signal's reason
 */
export async function queryOutputs<T>(
  options: QueryOptions,
  use: (result: QueryResult) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let given = false;
    try {
      // A database that is confined stays so: every attempt has its own.
      return await withDatabase(options.signal, async (database) => {
        const result = await started(database, options);
        given = true;
        return use(result);
      });
    } catch (error) {
      if (!isVanished(error)) throw error;
      if (given || attempt === ATTEMPTS) throw outputChanged(error);
    }
  }
}

/** The query at its first row: up to here it can start over. */
async function started(
  database: Database,
  { outputPath, pipeline, sql }: QueryOptions,
): Promise<QueryResult> {
  const outputs = outputNames(pipeline);
  const through = await lastCommittedBatch(outputPath, 'silver');
  const bySink = new Map<OutputName, readonly SinkFile[]>();
  for (const sink of outputs) {
    bySink.set(sink, await committedFiles(outputPath, sink, isSinkName(sink) ? through : undefined));
  }
  if ([...bySink.values()].every(({ length }) => length === 0)) throw noData(outputPath);
  try {
    const { tables } = await guardQuery(database, sql);
    // What is not named need not be opened; what names none may ask which there are.
    const named = outputs.filter((sink) => tables.has(sink));
    for (const sink of named.length > 0 ? named : outputs) {
      await database.run(
        `CREATE VIEW ${sink} AS ${await relationOf(sink, columnsOfOutput(pipeline, sink), bySink.get(sink) ?? [])}`,
      );
    }
    // DuckDB asks for the name as it stands in the statement, and for the file that it leads to.
    const paths = [...bySink.values()].flat().flatMap(({ path }) => [path, literalGlob(path)]);
    await database.confine([...new Set(paths)]);
    const statement = await database.prepare(sql);
    if (statement.count !== 1 || statement.kind === 'other') {
      throw new Error(`DuckDB takes this for ${statement.count} statements, the first: ${statement.kind}.`);
    }
    const result = await statement.run();
    const rows = result.rows();
    const first = await rows.next();
    return { columns: result.columns, rows: () => failing(pipeline, first, rows) };
  } catch (error) {
    throw badSql(error, pipeline);
  }
}

async function* failing(
  pipeline: Pipeline,
  first: IteratorResult<readonly QueryCell[]>,
  rest: AsyncGenerator<readonly QueryCell[]>,
): AsyncGenerator<readonly QueryCell[]> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } catch (error) {
    throw badSql(error, pipeline);
  }
}

/** DuckDB's error of the user's SQL as an error of ours; anything else as it is. */
function badSql(error: unknown, pipeline: Pipeline): unknown {
  const message = messageOf(error).replace(/^Failed to extract statements: /, '');
  if (error instanceof ProductError || isVanished(error) || !/^[A-Z][A-Za-z -]* Error: /.test(message))
    return error;
  if (/^(INTERRUPT|INTERNAL|FATAL)/.test(message)) return error;
  return new ProductError('BAD_SQL', { message, hint: hintFor(message, pipeline), cause: error });
}

function hintFor(message: string, pipeline: Pipeline): string {
  const outputs = outputNames(pipeline);
  if (/^Permission Error|Loading external extensions/.test(message)) {
    return `Only the outputs can be read: ${outputs.join(', ')}.`;
  }
  if (/^Out of Memory Error/.test(message))
    return `Aggregate or filter more; a query has ${MEMORY_LIMIT_MB} MB and the disk of the temporary folder.`;
  if (/UTF-?8|Invalid string encoding|invalid unicode/i.test(message)) {
    return 'A record is not UTF-8: leave out bronze.key, bronze.value and quarantine.bad_json, which hold records as they came.';
  }
  const tables = outputs.map((sink) => `${sink}(${Object.keys(columnsOfOutput(pipeline, sink)).join(', ')})`);
  return `Tables and columns: ${tables.join('; ')}. "offset" needs its quotes.`;
}
