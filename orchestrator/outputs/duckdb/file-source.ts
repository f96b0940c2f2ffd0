import type { SinkFile } from '../committed-files.ts';
import type { SqlColumns } from '../sink-columns.ts';
import { fileNamesOf, fileNumberSql, type OutputName } from '../sinks.ts';
import { csvHeader } from './csv-header.ts';
import { sqlText } from './database.ts';

/** The column with a row's file. No field can have its name. */
export const FILE = '"#file"';

/**
 * The relation of the rows of files of a sink, with the column `FILE`. Settings that DuckDB would guess from paths or
 * content are fixed, so that neither a folder named `a=b` nor a strange value changes what is read.
 * @param columns of raw_csv, whose files are text: its columns in their order. Of raw_csv and silver: columns that files may lack, since
 *   optional fields are added to a pipeline; they are NULL there
 * @throws the file system's error when a file of raw_csv is not there or may not be read
 */
export async function sourceOf(
  sink: OutputName,
  files: readonly SinkFile[],
  columns: SqlColumns = {},
): Promise<string> {
  if (fileNamesOf(sink).extension === 'csv') return csvSource(files, columns);
  const evolves = sink === 'silver' && Object.keys(columns).length > 0;
  const read = `read_parquet(${listOf(files)}, filename = '#file', hive_partitioning = false, union_by_name = ${evolves})`;
  return evolves ? `(FROM ${read} UNION ALL BY NAME ${noRow(columns)})` : read;
}

/** Files as DuckDB's table functions take them. */
export function listOf(files: readonly SinkFile[]): string {
  return `[${files.map(({ path }) => sqlText(literalGlob(path))).join(',')}]`;
}

/** A file of raw_csv has the columns of its header, which are fewer than the pipeline's where it is older than a field. */
async function csvSource(files: readonly SinkFile[], columns: SqlColumns): Promise<string> {
  const names = Object.keys(columns);
  const byHeader = new Map<string, SinkFile[]>();
  for (const file of files) {
    const header = ((await csvHeader(file.path, names)) ?? names).join(',');
    byHeader.set(header, [...(byHeader.get(header) ?? []), file]);
  }
  const [first, ...others] = [...byHeader].map(([header, own]) => readCsv(own, header.split(',')));
  if (first !== undefined && others.length === 0 && byHeader.has(names.join(','))) return first;
  return `(${[noRow(columns), ...[first, ...others].map((read) => `FROM ${read}`)].join(' UNION ALL BY NAME ')})`;
}

function readCsv(files: readonly SinkFile[], names: readonly string[]): string {
  const texts = names.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${listOf(files)}, filename = '#file', hive_partitioning = false, auto_detect = false, header = true,
    columns = {${texts}}, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, parallel = false,
    max_line_size = 8388608, buffer_size = 16777216)`;
}

/** No row: only the columns. */
function noRow(columns: SqlColumns): string {
  const all = Object.entries(columns).map(([name, type]) => `NULL::${typeInFile(type)} AS "${name}"`);
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
 * The rows of an output's files with these columns and types, as SQL; of no files no rows, with the same columns.
 */
export async function relationOf(
  sink: OutputName,
  ofTable: SqlColumns,
  files: readonly SinkFile[],
): Promise<string> {
  const columns = Object.entries(ofTable);
  if (files.length === 0) {
    return `SELECT ${columns.map(([name, type]) => `NULL::${type} AS "${name}"`).join(', ')} WHERE false`;
  }
  // A cast from the files' TIMESTAMPTZ would go through the time zone's rules, row by row: this does not.
  const selected = columns.map(([name, type]) =>
    type === 'TIMESTAMP' ? `make_timestamp(epoch_us("${name}")) AS "${name}"` : `"${name}"`,
  );
  return `SELECT ${selected.join(', ')} FROM ${await sourceOf(sink, files, ofTable)}`;
}

/** A path as DuckDB is to be given it, who takes it for a pattern: a bracket expression of one character stands for that character. */
export function literalGlob(path: string): string {
  return path.replace(/[[*?]/g, (special) => `[${special}]`);
}
