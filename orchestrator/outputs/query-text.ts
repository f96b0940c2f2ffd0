import { type QueryCell, WholeNumber } from './duckdb/query-cell.ts';
import type { QueryResult } from './duckdb/statement.ts';
import { textTable } from './text-table.ts';

/** Written at once: about this many characters. */
const CHUNK_CHARACTERS = 65_536;
const BYTE_ORDER_MARK = '\ufeff';
/** A value is cut here before a table is laid out: a record may be a megabyte long. */
const LONGEST_CELL = 500;

/**
 * A result as CSV by RFC 4180: a header, CRLF. NULL is an empty field, an empty text `""`, an instant ISO-8601, nested values JSON.
 * @param form `bom`: with a byte order mark in front, without which Excel takes UTF-8 for the system's code page
 */
export async function* queryCsv(
  result: QueryResult,
  form: { readonly bom: boolean } = { bom: false },
): AsyncGenerator<string> {
  if (form.bom) yield BYTE_ORDER_MARK;
  yield* inChunks(csvLines(result));
}

/**
 * A result as one JSON document, `{"columns": [{"name", "type"}], "rows": [{…}]}`: whole numbers with all digits, decimals and
 * instants as text. A name that comes twice gets `:1` and so on.
 */
export async function* queryJson(result: QueryResult): AsyncGenerator<string> {
  yield* inChunks(jsonLines(result));
}

/** The first rows of a result as a table for a terminal of the given width, with a line on what was cut. */
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
    ...textTable(columns, shown, width),
    ...(cells.length === 0 && !cut ? ['(no rows)'] : []),
    ...(cut ? [`Cut after ${count}: --limit shows more, --csv and --json give all.`] : []),
  ].join('\n');
}

/** The plan that EXPLAIN gives, as DuckDB draws it; undefined for any other result. */
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

function plainText(cell: QueryCell): string {
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

/** `2025-01-02T03:04:05Z` as `2025-01-02 03:04:05`: the title says that it is UTC. */
const forPeople = (instant: string): string => instant.replace(/T(.*)Z$/, ' $1');
