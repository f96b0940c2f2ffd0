import type { Pipeline } from '../../pipeline/model.ts';
import type { SinkFile } from '../committed-files.ts';
import type { Cell, Database } from '../duckdb/database.ts';
import { sourceOf } from '../duckdb/file-source.ts';
import type { LoadedSink } from '../duckdb/load-sink.ts';
import { isVanished } from '../duckdb/vanished.ts';
import { columnsOfOutput } from '../sink-columns.ts';
import { type CsvColumn, type CsvScope, rowHash } from './csv-columns.ts';
import { contrast, instantText, type ShownValue } from './deep/contrast.ts';

/** The files that were compared. */
export interface CsvFiles {
  readonly silver: LoadedSink;
  readonly rawCsv: LoadedSink;
}

export interface CsvQuestion {
  readonly loaded: CsvFiles;
  readonly batch: number;
  readonly pipeline: Pipeline;
  readonly columns: readonly CsvColumn[];
  readonly scope: CsvScope;
}

/** Rows of one side that are looked up. */
const EXAMPLES = 3;

/**
 * Tells rows of a micro-batch that raw_csv and silver do not share: with the same value in the first column, by the columns that differ. Nothing when a
 * file was pruned meanwhile.
 * @returns sentences, each with partition and offset where silver has the row
 */
export async function explainCsv(
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
      return [contrast(column.name, shownOf(column, csv, at), shownOf(column, silver, at), 'silver has')];
    })
    .join('; ');
}

/** A row has two cells for each column: what is compared, and what is shown where that is something else. */
function shownOf({ isInstant, shown }: CsvColumn, row: readonly Cell[], at: number): ShownValue {
  const cell = row[shown ? 2 * at + 1 : 2 * at] ?? null;
  if (shown) return cell === null ? null : { literal: String(cell) };
  if (cell === null || typeof cell === 'string') return cell;
  return { literal: isInstant && typeof cell === 'bigint' ? instantText(cell) : String(cell) };
}

/** Partition and offset stand after the columns. */
const placeOf = (silver: readonly Cell[]): string => `partition ${silver.at(-2)}, offset ${silver.at(-1)}`;

/** A value with its spaces and control characters visible, and not a megabyte of it. */
const quotedText = (cell: Cell | undefined): string => JSON.stringify(String(cell).slice(0, 100));
