import type { SinkFile } from '../committed-files.ts';
import type { Cell, Database } from '../duckdb/database.ts';
import { sourceOf } from '../duckdb/file-source.ts';
import type { LoadedSink } from '../duckdb/load-sink.ts';
import { isVanished } from '../duckdb/vanished.ts';
import { CSV_COLUMNS, type CsvScope, rowHash } from './csv-columns.ts';
import { contrast } from './deep/contrast.ts';

/** The files that were compared. */
export interface CsvFiles {
  readonly silver: LoadedSink;
  readonly rawCsv: LoadedSink;
}

/** Rows of one side that are looked up. */
const EXAMPLES = 3;

/**
 * Tells rows of a micro-batch that raw_csv and silver do not share: with the same txn_id, by the columns that differ. Nothing when a
 * file was pruned meanwhile.
 * @returns sentences, each with partition and offset where silver has the row
 */
export async function explainCsv(
  database: Database,
  loaded: CsvFiles,
  batch: number,
  scope: CsvScope,
): Promise<readonly string[]> {
  const ofBatch = (sink: LoadedSink): readonly SinkFile[] =>
    sink.files.filter((file) => file.batch === batch);
  const [silverFiles, csvFiles] = [ofBatch(loaded.silver), ofBatch(loaded.rawCsv)];
  if (silverFiles.length === 0 || csvFiles.length === 0) return [];
  const silver = `(SELECT ${rowHash('silver', scope)} AS row_hash, ${CSV_COLUMNS.map(({ silver: sql }) => sql).join(', ')},
    "partition", "offset" FROM ${sourceOf('silver', silverFiles)})`;
  const csv = `(SELECT ${rowHash('raw_csv', scope)} AS row_hash, ${CSV_COLUMNS.map(({ csv: sql }) => sql).join(', ')}
    FROM ${sourceOf('raw_csv', csvFiles)})`;
  try {
    const only = (one: string, other: string) =>
      database.all(`SELECT * EXCLUDE row_hash FROM ${one} ANTI JOIN (SELECT row_hash FROM ${other}) USING (row_hash)
        ORDER BY 1, 2, 3 LIMIT ${EXAMPLES}`);
    return sentences(await only(csv, silver), await only(silver, csv));
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}

function sentences(
  onlyCsv: readonly (readonly Cell[])[],
  onlySilver: readonly (readonly Cell[])[],
): readonly string[] {
  const left = [...onlySilver];
  const found: string[] = [];
  for (const row of onlyCsv) {
    const twin = left.findIndex(([txn]) => txn === row[0]);
    const [silver] = twin < 0 ? [] : left.splice(twin, 1);
    found.push(silver ? `${placeOf(silver)}: ${differing(row, silver)}` : `${shown(row[0])} only in raw_csv`);
  }
  return [...found, ...left.map((row) => `${placeOf(row)}: ${shown(row[0])} only in silver`)];
}

function differing(csv: readonly Cell[], silver: readonly Cell[]): string {
  return CSV_COLUMNS.flatMap(({ name }, at) => {
    const [is, should] = [csv[at] ?? null, silver[at] ?? null];
    return is === should ? [] : [contrast(name, is, should, 'silver has')];
  }).join('; ');
}

/** Partition and offset stand after the columns. */
const placeOf = (silver: readonly Cell[]): string =>
  `partition ${silver[CSV_COLUMNS.length]}, offset ${silver[CSV_COLUMNS.length + 1]}`;

/** A value with its spaces and control characters visible, and not a megabyte of it. */
const shown = (cell: Cell | undefined): string => JSON.stringify(String(cell).slice(0, 100));
