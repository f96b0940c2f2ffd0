import { open } from 'node:fs/promises';
import { type Column, goldColumns, type Pipeline, silverColumns, WINDOW } from '../pipeline/model.ts';
import type { SinkFile } from './committed-files.ts';
import { sqlText } from './database.ts';
import { quoted, sqlType } from './pipeline-sql.ts';
import { fileNamesOf, fileNumberSql, type OutputName } from './sinks.ts';

/**
 * The name of a helper column, quoted. No field has such a name, since a control character is in
 * it.
 */
export const helperColumn = (name: string): string => quoted(`\u0001${name}`);

/** The column with the file of a row. */
export const FILE = helperColumn('file');
const FILE_NAME = sqlText('\u0001file');

/**
 * The relation of the rows of a sink's files, with the column `FILE`. Settings that DuckDB would
 * guess from paths or content are fixed, so that neither a folder named `a=b` nor a strange value
 * changes the result.
 * @param columns for raw_csv, whose files are text: its columns in their order. For raw_csv and
 * silver: columns that files may lack because optional fields were added to the pipeline; they are
 * NULL there
 * @throws the file system's error when a file of raw_csv does not exist or may not be read
 */
export async function sourceOf(
  sink: OutputName,
  files: readonly SinkFile[],
  columns: SqlColumns = new Map(),
): Promise<string> {
  if (fileNamesOf(sink).extension === 'csv') return csvSource(files, columns);
  const evolves = sink === 'silver' && columns.size > 0;
  const read = `read_parquet(${listOf(files)}, filename = ${FILE_NAME}, hive_partitioning = false, union_by_name = ${evolves})`;
  return evolves ? `(FROM ${read} UNION ALL BY NAME ${noRow(columns)})` : read;
}

/** Files in the notation of DuckDB's table functions. */
export function listOf(files: readonly SinkFile[]): string {
  return `[${files.map(({ path }) => sqlText(literalGlob(path))).join(',')}]`;
}

/**
 * A file of raw_csv has the columns of its header. They are fewer than the pipeline's where the
 * file is older than a field.
 */
async function csvSource(files: readonly SinkFile[], columns: SqlColumns): Promise<string> {
  const names = [...columns.keys()];
  const byHeader = new Map<string, { readonly names: readonly string[]; readonly files: SinkFile[] }>();
  for (const file of files) {
    const header = (await csvHeader(file.path, names)) ?? names;
    const alike = byHeader.get(headerLine(header)) ?? { names: header, files: [] };
    alike.files.push(file);
    byHeader.set(headerLine(header), alike);
  }
  const [first, ...others] = [...byHeader.values()].map((alike) => readCsv(alike.files, alike.names));
  if (first !== undefined && others.length === 0 && byHeader.has(headerLine(names))) return first;
  return `(${[noRow(columns), ...[first, ...others].map((read) => `FROM ${read}`)].join(' UNION ALL BY NAME ')})`;
}

function readCsv(files: readonly SinkFile[], names: readonly string[]): string {
  const texts = names.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${listOf(files)}, filename = ${FILE_NAME}, hive_partitioning = false, auto_detect = false, header = true,
    columns = {${texts}}, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, parallel = false,
    max_line_size = 8388608, buffer_size = 16777216)`;
}

/** A relation with the columns and no rows. */
function noRow(columns: SqlColumns): string {
  const all = [...columns].map(([name, type]) => `NULL::${typeInFile(type)} AS ${quoted(name)}`);
  return `SELECT ${all.join(', ')} WHERE false`;
}

const typeInFile = (type: string): string => (type === 'TIMESTAMP' ? 'TIMESTAMPTZ' : type);

const inName = (group: number): string =>
  `regexp_extract(${FILE}, '_[0-9]{8}_[0-9]{6}_([0-9]+)(?:_([0-9]+))?\\.[a-z]+$', ${group})`;

/** The batch of a row's file, as SQL over the column `FILE`. */
export const BATCH_OF_FILE = `${inName(1)}::BIGINT`;

/** The number of a row's file, see `fileNumber`, as SQL over the column `FILE`. */
export const NUMBER_OF_FILE = fileNumberSql(BATCH_OF_FILE, `nullif(${inName(2)}, '')::BIGINT`);

/**
 * The rows of an output's files with these columns and types, as SQL. Without files there are no
 * rows, but the same columns.
 */
export async function relationOf(
  sink: OutputName,
  ofTable: SqlColumns,
  files: readonly SinkFile[],
): Promise<string> {
  const columns = [...ofTable];
  if (files.length === 0) {
    return `SELECT ${columns.map(([name, type]) => `NULL::${type} AS ${quoted(name)}`).join(', ')} WHERE false`;
  }
  // A cast from the files' TIMESTAMPTZ would apply the time zone's rules to each row. This
  // expression does not.
  const selected = columns.map(([name, type]) =>
    type === 'TIMESTAMP' ? `make_timestamp(epoch_us(${quoted(name)})) AS ${quoted(name)}` : quoted(name),
  );
  return `SELECT ${selected.join(', ')} FROM ${await sourceOf(sink, files, ofTable)}`;
}

/**
 * A path for DuckDB, which reads paths as patterns: a bracket expression of one character matches
 * that character.
 */
export function literalGlob(path: string): string {
  return path.replace(/[[*?]/g, (special) => `[${special}]`);
}

/**
 * Columns by name in their order, with their types in tables. An object would put names such as
 * `1` first.
 */
export type SqlColumns = ReadonlyMap<string, string>;

const LINEAGE_SQL: SqlColumns = new Map([
  ['topic', 'VARCHAR'],
  ['partition', 'INTEGER'],
  ['offset', 'BIGINT'],
]);

/** Bronze's columns, the same for every pipeline. */
const BRONZE: SqlColumns = new Map([
  ['key', 'VARCHAR'],
  ['value', 'VARCHAR'],
  ['kafka_ts', 'TIMESTAMP'],
  ...LINEAGE_SQL,
  ['headers', 'STRUCT("key" VARCHAR, "value" BLOB)[]'],
  ['value_bytes', 'BLOB'],
]);

/** Quarantine's columns, the same for every pipeline. */
export const QUARANTINE: SqlColumns = new Map([
  ['bad_json', 'VARCHAR'],
  ['bad_ingest_ts', 'TIMESTAMP'],
  ['reason', 'VARCHAR'],
  ['detail', 'VARCHAR'],
  ...LINEAGE_SQL,
]);

/**
 * The columns of a sink or gold table by the output contract, with their types in tables. Instants
 * are TIMESTAMP in UTC, because DuckDB computes with TIMESTAMPTZ several times slower. Within
 * objects and arrays they are as in the file. raw_csv is text as in the file.
 */
export function columnsOfOutput(pipeline: Pipeline, output: OutputName): SqlColumns {
  switch (output) {
    case 'bronze':
      return BRONZE;
    case 'quarantine':
      return QUARANTINE;
    case 'silver':
      return new Map([...sqlColumns(silverColumns(pipeline.fields, pipeline.eventTime)), ...LINEAGE_SQL]);
    case 'raw_csv':
      return new Map(pipeline.rawCsv.columns.map((name) => [name, 'VARCHAR']));
    default:
      return goldTableColumns(pipeline, output);
  }
}

function goldTableColumns(pipeline: Pipeline, name: string): SqlColumns {
  const table = pipeline.gold.find((each) => each.name === name);
  if (!table) throw new Error(`the pipeline ${pipeline.name} has no gold table ${name}`);
  const { keys, measures } = goldColumns(pipeline, table);
  return sqlColumns([...keys, ...WINDOW, ...measures]);
}

function sqlColumns(columns: readonly Column[]): SqlColumns {
  return new Map(columns.map(({ name, type }) => [name, sqlType(type)]));
}

/** A header as the job writes it: a name is quoted where a field of CSV has to be. */
const headerLine = (names: readonly string[]): string =>
  names.map((name) => (/[",]/.test(name) ? quoted(name) : name)).join(',');

/** A name of a header, quoted or not, up to the next comma or the end. */
const HEADER_NAME = /(?:"((?:[^"]|"")*)"|([^",]+))(?:,(?!$)|$)/y;

/** The names of a header. Undefined where the line has another form. */
function headerNames(line: string): readonly string[] | undefined {
  const names: string[] = [];
  HEADER_NAME.lastIndex = 0;
  while (HEADER_NAME.lastIndex < line.length) {
    const match = HEADER_NAME.exec(line);
    if (!match) return undefined;
    names.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return names;
}

/**
 * The columns of a file of raw_csv, from its first line.
 * @param known the columns that the pipeline has
 * @returns undefined when the line does not consist of these names: the file is damaged or foreign
 * @throws the file system's error when the file does not exist or may not be read
 */
async function csvHeader(path: string, known: readonly string[]): Promise<readonly string[] | undefined> {
  const file = await open(path);
  // No header of these columns is longer, and each may be quoted.
  const longest = Buffer.byteLength(headerLine(known)) + 2 * known.length + 2;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longest), 0, longest, 0);
    const end = buffer.subarray(0, bytesRead).indexOf('\n');
    const names = end < 0 ? [] : (headerNames(buffer.toString('utf8', 0, end).replace(/\r$/, '')) ?? []);
    const areColumns = names.length > 0 && names.every((name) => known.includes(name));
    return areColumns && new Set(names).size === names.length ? names : undefined;
  } finally {
    await file.close();
  }
}
