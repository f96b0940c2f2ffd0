import { readPruneLedgers, type SinkFile } from '../lake/committed-files.ts';
import { type Cell, type Database, isVanished } from '../lake/database.ts';
import { BATCH_OF_FILE, columnsOfOutput, FILE, sourceOf } from '../lake/file-source.ts';
import { type LoadedSink, loadSink } from '../lake/load-sink.ts';
import { quoted } from '../lake/pipeline-sql.ts';
import type { SinkName } from '../lake/sinks.ts';
import { type Column, isScalar, type Pipeline, silverColumns } from '../pipeline/model.ts';
import { columnTextSql, decimalOfTextSql, decimalTextSql, jsonColumnTextSql } from './deep/row-digest.ts';
import { describeDifference, instantText, type ShownValue } from './deep/shown-value.ts';
import { type DifferenceLog, noteFiles } from './report.ts';

/**
 * Compares raw_csv with silver.
 * @returns raw_csv's rows
 */
export async function verifyRawCsv(
  database: Database,
  comparison: RawCsvComparison,
  log: DifferenceLog,
): Promise<number> {
  const { outputPath } = comparison;
  const loaded = await surveyRawCsv(database, comparison);
  const ledgers = await readPruneLedgers(outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  noteFiles('raw_csv', loaded.rawCsv, prunedThrough('raw_csv'), log);
  const pruned = Math.max(prunedThrough('silver'), prunedThrough('raw_csv'));
  await compareRawCsv(database, loaded, pruned, comparison, log);
  return rawCsvRows(database, prunedThrough('raw_csv'));
}

const SINKS_COMPARED = ['silver', 'raw_csv'] as const;

export interface RawCsvComparison {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  readonly through: number;
  /** The part of each row that is compared. All columns cost several times what one column does. */
  readonly scope: CsvScope;
}

/**
 * Loads rows and their hashes per micro-batch of raw_csv and silver. The rows of a batch are
 * compared as a multiset, by their number and the sum of their 64-bit hashes, so that memory does
 * not grow with them.
 */
async function surveyRawCsv(
  database: Database,
  { outputPath, pipeline, through, scope }: RawCsvComparison,
): Promise<CsvFiles> {
  const columns = csvColumns(pipeline);
  await database.run('CREATE TABLE csv_batches (sink VARCHAR, batch BIGINT, rows BIGINT, hashes HUGEINT)');
  const load = (sink: (typeof SINKS_COMPARED)[number]) =>
    loadSink(database, {
      outputPath,
      sink,
      through,
      columns: columnsOfOutput(pipeline, sink),
      insert: (source) => `
        INSERT INTO csv_batches
        SELECT '${sink}', ${BATCH_OF_FILE}, rows, hashes FROM (
          SELECT ${FILE}, count(*) AS rows, coalesce(sum(${rowHash(columns, sink, scope)}), 0) AS hashes FROM ${source} GROUP BY 1)`,
    });
  return { silver: await load('silver'), rawCsv: await load('raw_csv') };
}

/** Rows of raw_csv in files of micro-batches after `prunedThrough`. */
async function rawCsvRows(database: Database, prunedThrough: number): Promise<number> {
  const [row] = await database.all(
    `SELECT coalesce(sum(rows), 0)::BIGINT FROM csv_batches WHERE sink = 'raw_csv' AND batch > ${prunedThrough}`,
  );
  return Number(row?.[0] ?? 0);
}

/** Notes micro-batches whose raw_csv does not hold what silver holds, where neither was pruned. */
async function compareRawCsv(
  database: Database,
  loaded: CsvFiles,
  prunedThrough: number,
  { pipeline, scope }: Pick<RawCsvComparison, 'pipeline' | 'scope'>,
  log: DifferenceLog,
): Promise<void> {
  const differing = database.rows(`
    SELECT batch, silver, csv FROM (
      SELECT batch,
        coalesce(sum(rows) FILTER (sink = 'silver'), 0)::BIGINT AS silver,
        coalesce(sum(rows) FILTER (sink = 'raw_csv'), 0)::BIGINT AS csv,
        coalesce(sum(hashes) FILTER (sink = 'silver'), 0) AS silver_hashes,
        coalesce(sum(hashes) FILTER (sink = 'raw_csv'), 0) AS csv_hashes
      FROM csv_batches WHERE batch > ${prunedThrough} GROUP BY batch)
    WHERE silver <> csv OR silver_hashes <> csv_hashes ORDER BY batch`);
  const found: { batch: number; silver: number; csv: number }[] = [];
  for await (const [batch, silver, csv] of differing) {
    found.push({ batch: Number(batch), silver: Number(silver), csv: Number(csv) });
  }
  const columns = csvColumns(pipeline);
  const kindOfOthers = scope === 'first column' ? 'csv-txns' : 'csv-values';
  for (const { batch, silver, csv } of found) {
    const kind = silver === csv ? kindOfOthers : 'csv-rows';
    const examples =
      log.room(kind, 'raw_csv') > 0
        ? await explainCsv(database, { loaded, batch, pipeline, columns, scope })
        : [];
    log.add({
      kind,
      sink: 'raw_csv',
      count: Math.max(1, Math.abs(silver - csv)),
      detail: `${sentenceOn(batch, silver, csv, whatDiffers(columns, scope))}${examples.length > 0 ? `: ${examples.join('; ')}` : ''}`,
    });
  }
}

function sentenceOn(batch: number, silver: number, csv: number, what: string): string {
  if (silver !== csv) return `batch ${batch} has ${csv} rows in raw_csv and ${silver} in silver`;
  return `batch ${batch} has other ${what} in raw_csv than in silver`;
}

const whatDiffers = ([first]: readonly CsvColumn[], scope: CsvScope): string =>
  scope === 'first column' ? `${first?.name}s` : 'values';

/**
 * How much of a row is compared between raw_csv and silver: the first column of raw_csv, or all of
 * them.
 */
type CsvScope = 'first column' | 'all columns';

/** A column of raw_csv. */
interface CsvColumn {
  readonly name: string;
  /** An instant, compared as Unix microseconds. */
  readonly isInstant: boolean;
  /** The column's value in silver and in raw_csv, as SQL of one type. */
  readonly silver: string;
  readonly csv: string;
  /** What is shown, where that differs from what is compared. */
  readonly shown: Readonly<Record<'silver' | 'csv', string>> | undefined;
}

/**
 * The columns of raw_csv, whose values are all text. Instants and doubles are compared by value,
 * objects and arrays by their parts, everything else by its text. A decimal is therefore compared
 * by its digits.
 */
function csvColumns({ fields, eventTime, rawCsv }: Pipeline): readonly CsvColumn[] {
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

/** A hash of the compared columns of a row, as SQL. */
function rowHash(columns: readonly CsvColumn[], sink: 'silver' | 'raw_csv', scope: CsvScope): string {
  const compared = scope === 'first column' ? columns.slice(0, 1) : columns;
  return `hash(${compared.map((column) => (sink === 'silver' ? column.silver : column.csv)).join(', ')})`;
}

/** The files that were compared. */
interface CsvFiles {
  readonly silver: LoadedSink;
  readonly rawCsv: LoadedSink;
}

interface CsvQuestion {
  readonly loaded: CsvFiles;
  readonly batch: number;
  readonly pipeline: Pipeline;
  readonly columns: readonly CsvColumn[];
  readonly scope: CsvScope;
}

/** Rows of one side that are looked up as examples. */
const EXAMPLES = 3;

/**
 * Describes rows of a micro-batch that raw_csv and silver do not share. Rows with the same value in
 * the first column are described by the columns that differ. Returns nothing when a file was pruned
 * in the meantime.
 * @returns sentences, each with partition and offset where silver has the row
 */
async function explainCsv(
  database: Database,
  { loaded, batch, pipeline, columns, scope }: CsvQuestion,
): Promise<readonly string[]> {
  const ofBatch = (sink: LoadedSink): readonly SinkFile[] =>
    sink.files.filter((file) => file.batch === batch);
  const [silverFiles, csvFiles] = [ofBatch(loaded.silver), ofBatch(loaded.rawCsv)];
  if (silverFiles.length === 0 || csvFiles.length === 0) return [];
  const select = (side: 'silver' | 'csv') =>
    columns
      .map((column, at) => `${column[side]} AS c${at}, ${column.shown?.[side] ?? 'NULL'} AS s${at}`)
      .join(', ');
  try {
    const silver = `(SELECT ${rowHash(columns, 'silver', scope)} AS row_hash, ${select('silver')}, "partition", "offset"
      FROM ${await sourceOf('silver', silverFiles, columnsOfOutput(pipeline, 'silver'))})`;
    const csv = `(SELECT ${rowHash(columns, 'raw_csv', scope)} AS row_hash, ${select('csv')}
      FROM ${await sourceOf('raw_csv', csvFiles, columnsOfOutput(pipeline, 'raw_csv'))})`;
    const only = (one: string, other: string) =>
      database.all(`SELECT * EXCLUDE row_hash FROM ${one} ANTI JOIN (SELECT row_hash FROM ${other}) USING (row_hash)
        ORDER BY ALL LIMIT ${EXAMPLES}`);
    return sentences(columns, await only(csv, silver), await only(silver, csv));
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}

function sentences(
  columns: readonly CsvColumn[],
  onlyCsv: readonly (readonly Cell[])[],
  onlySilver: readonly (readonly Cell[])[],
): readonly string[] {
  const left = [...onlySilver];
  const found: string[] = [];
  for (const row of onlyCsv) {
    const twin = left.findIndex(([first]) => first === row[0]);
    const [silver] = twin < 0 ? [] : left.splice(twin, 1);
    found.push(
      silver
        ? `${placeOf(silver)}: ${differing(columns, row, silver)}`
        : `${quotedText(row[0])} only in raw_csv`,
    );
  }
  return [...found, ...left.map((row) => `${placeOf(row)}: ${quotedText(row[0])} only in silver`)];
}

function differing(columns: readonly CsvColumn[], csv: readonly Cell[], silver: readonly Cell[]): string {
  return columns
    .flatMap((column, at) => {
      const [is, should] = [csv[2 * at] ?? null, silver[2 * at] ?? null];
      if (is === should) return [];
      return [
        describeDifference(column.name, shownOf(column, csv, at), shownOf(column, silver, at), 'silver has'),
      ];
    })
    .join('; ');
}

/**
 * A row has two cells for each column: the compared value, and the shown value where that differs.
 */
function shownOf({ isInstant, shown }: CsvColumn, row: readonly Cell[], at: number): ShownValue {
  const cell = row[shown ? 2 * at + 1 : 2 * at] ?? null;
  if (shown) return cell === null ? null : { literal: String(cell) };
  if (cell === null || typeof cell === 'string') return cell;
  return { literal: isInstant && typeof cell === 'bigint' ? instantText(cell) : String(cell) };
}

/** Partition and offset follow the columns. */
const placeOf = (silver: readonly Cell[]): string => `partition ${silver.at(-2)}, offset ${silver.at(-1)}`;

/** A value with its spaces and control characters visible, cut when it is long. */
const quotedText = (cell: Cell | undefined): string => JSON.stringify(String(cell).slice(0, 100));
