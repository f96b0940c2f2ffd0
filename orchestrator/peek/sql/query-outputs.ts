import { lastCommittedBatch } from '../../lake/checkpoint.ts';
import { committedFiles, type SinkFile } from '../../lake/committed-files.ts';
import { type Database, isVanished, MEMORY_LIMIT_MB, withDatabase } from '../../lake/database.ts';
import { columnsOfOutput, literalGlob, relationOf } from '../../lake/file-source.ts';
import { quoted } from '../../lake/pipeline-sql.ts';
import { isSinkName, noData, type OutputName, outputChanged, outputNames } from '../../lake/sinks.ts';
import { type QueryCell, type QueryResult, WholeNumber } from '../../lake/statement.ts';
import { isPlainName } from '../../pipeline/column-name.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';
import { foldedTable } from '../../util/text-table.ts';
import { guardQuery } from './query-guard.ts';

export interface QueryOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** The pipeline that makes the outputs. */
  readonly pipeline: Pipeline;
  readonly sql: string;
  readonly signal?: AbortSignal;
}

/** How often a query starts over because files were pruned or replaced during it. */
const ATTEMPTS = 5;

/**
 * Runs one read-only query over the sinks as tables. The tables are a snapshot: they hold what
 * committed micro-batches had left when the query began.
 * @param use receives the result, which may be incomplete when this function throws afterwards
 * @throws ProductError BAD_SQL with DuckDB's message; NO_DATA; OUTPUT_CHANGED; OUTPUT_NOT_LOCAL;
 * OUTPUT_DAMAGED; the signal's reason
 */
export async function queryOutputs<T>(
  options: QueryOptions,
  use: (result: QueryResult) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let given = false;
    try {
      // A database stays confined for good, so every attempt has its own.
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

/** The query at its first row. Up to this point it can start over. */
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
    // Only named tables are opened. A query that names no table may list the tables, so all are
    // opened.
    const named = outputs.filter((sink) => tables.has(sink));
    for (const sink of named.length > 0 ? named : outputs) {
      await database.run(
        `CREATE VIEW ${sink} AS ${await relationOf(sink, columnsOfOutput(pipeline, sink), bySink.get(sink) ?? [])}`,
      );
    }
    // DuckDB checks both the name as it stands in the statement and the file that it leads to.
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

/** Converts DuckDB's error about the user's SQL to a ProductError. Other errors are unchanged. */
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
  const tables = outputs.map(
    (sink) => `${sink}(${[...columnsOfOutput(pipeline, sink).keys()].map(shownName).join(', ')})`,
  );
  return `Tables and columns: ${tables.join('; ')}. "offset" needs its quotes.`;
}

/** A column's name as a query has to write it. A keyword may need quotes as well. */
const shownName = (name: string): string => (isPlainName(name) ? name : quoted(name));

/** Characters per write, approximately. */
const CHUNK_CHARACTERS = 65_536;
const BYTE_ORDER_MARK = '\ufeff';
/** A value is cut at this length before a table is laid out: a record may be a megabyte long. */
const LONGEST_CELL = 500;

/**
 * A result as CSV by RFC 4180: a header, CRLF. NULL is an empty field, an empty text `""`, an
 * instant ISO-8601, nested values JSON.
 * @param form `bom`: with a leading byte order mark, without which Excel reads UTF-8 in the
 * system's code page
 */
export async function* queryCsv(
  result: QueryResult,
  form: { readonly bom: boolean } = { bom: false },
): AsyncGenerator<string> {
  if (form.bom) yield BYTE_ORDER_MARK;
  yield* inChunks(csvLines(result));
}

/**
 * A result as one JSON document, `{"columns": [{"name", "type"}], "rows": [{…}]}`: whole numbers
 * with all digits, decimals and instants as text. A repeated name gets `:1` and so on.
 */
export async function* queryJson(result: QueryResult): AsyncGenerator<string> {
  yield* inChunks(jsonLines(result));
}

/**
 * The first rows of a result as a table for a terminal of the given width, with a line about what
 * was cut.
 */
export async function queryTable(result: QueryResult, limit: number, width: number): Promise<string> {
  const cells: (readonly string[])[] = [];
  let cut = false;
  for await (const row of result.rows()) {
    cut = cells.length === limit;
    if (cut) break;
    cells.push(row.map((cell) => (cell === null ? '-' : plainText(cell).slice(0, LONGEST_CELL))));
  }
  const columns = result.columns.map(({ name, numeric, instant }) => ({
    title: instant ? `${name} (UTC)` : name,
    align: numeric ? ('right' as const) : ('left' as const),
    rigid: numeric || instant,
  }));
  const instants = result.columns.map(({ instant }) => instant);
  const shown = cells.map((row) => row.map((text, at) => (instants[at] ? forPeople(text) : text)));
  const count = `${limit.toLocaleString('en-US')} row${limit === 1 ? '' : 's'}`;
  return [
    ...foldedTable(columns, shown, width),
    ...(cells.length === 0 && !cut ? ['(no rows)'] : []),
    ...(cut ? [`Cut after ${count}: --limit shows more, --csv and --json give all.`] : []),
  ].join('\n');
}

/** The plan that EXPLAIN gives, as DuckDB draws it. Undefined for any other result. */
export async function queryPlan(result: QueryResult): Promise<string | undefined> {
  if (result.columns.map(({ name }) => name).join() !== 'explain_key,explain_value') return undefined;
  const plans: string[] = [];
  for await (const [, plan = null] of result.rows()) plans.push(plainText(plan));
  return plans.join('\n');
}

/** The same result, ended after `limit` rows. */
export function limited(result: QueryResult, limit: number): QueryResult {
  return {
    columns: result.columns,
    async *rows() {
      let given = 0;
      if (limit === 0) return;
      for await (const row of result.rows()) {
        yield row;
        if (++given === limit) return;
      }
    },
  };
}

async function* csvLines({ columns, rows }: QueryResult): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => csvField(name)).join(',')}\r\n`;
  for await (const row of rows()) yield `${row.map(csvField).join(',')}\r\n`;
}

async function* jsonLines({ columns, rows }: QueryResult): AsyncGenerator<string> {
  const names = columns.map(({ name }) => JSON.stringify(name));
  yield `{"columns":${JSON.stringify(columns.map(({ name, type }) => ({ name, type })))},"rows":[`;
  let separator = '\n';
  for await (const row of rows()) {
    yield `${separator}{${row.map((cell, at) => `${names[at]}:${jsonText(cell)}`).join(',')}}`;
    separator = ',\n';
  }
  yield ']}\n';
}

async function* inChunks(lines: AsyncGenerator<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function csvField(cell: QueryCell): string {
  if (cell === null) return '';
  const text = plainText(cell);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell as text, with all its digits; nested values as JSON. */
export function plainText(cell: QueryCell): string {
  return typeof cell === 'string' ? cell : cell instanceof WholeNumber ? cell.digits : jsonText(cell);
}

function jsonText(cell: QueryCell): string {
  if (cell instanceof WholeNumber) return cell.digits;
  if (Array.isArray(cell)) return `[${cell.map(jsonText).join(',')}]`;
  if (typeof cell !== 'object' || cell === null) return JSON.stringify(cell);
  return `{${Object.entries(cell)
    .map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`)
    .join(',')}}`;
}

/** `2025-01-02T03:04:05Z` as `2025-01-02 03:04:05`. The column's title says that it is UTC. */
const forPeople = (instant: string): string => instant.replace(/T(.*)Z$/, ' $1');
