import { stat } from 'node:fs/promises';
import type { SinkFile } from './committed-files.ts';
import type { Database } from './duckdb/database.ts';
import { FILE, listOf, sourceOf } from './duckdb/file-source.ts';
import type { SqlColumns } from './sink-columns.ts';
import { fileNumber } from './sinks.ts';

/** Rows by file, and where the figures come from. */
export interface RowCounts {
  readonly byPath: ReadonlyMap<string, number>;
  /** `files`: counted in the files themselves. `silver`: what silver's files of the same micro-batches hold. */
  readonly countedIn: 'files' | 'silver';
}

/** CSV up to this size in all is read to count it, which takes a few tenths of a second; more is taken from silver. */
const READABLE_CSV_BYTES = 32 * 1024 * 1024;

/** Counts a Parquet sink's rows by what the files' footers say; no row is read. */
export async function countParquetRows(database: Database, files: readonly SinkFile[]): Promise<RowCounts> {
  if (files.length === 0) return { byPath: new Map(), countedIn: 'files' };
  const rows = await database.all(`SELECT file_name, num_rows FROM parquet_file_metadata(${listOf(files)})`);
  return { byPath: new Map(rows.map(([path, count]) => [String(path), Number(count)])), countedIn: 'files' };
}

/**
 * Counts raw_csv's rows. A CSV has no footer, so that a large one is not counted: the job makes it from the silver file of the
 * same micro-batch and part, whose count is taken, and `verify` is what compares the two.
 * @param silver rows of silver by the number of the file
 * @param columns of raw_csv, in their order
 */
export async function countCsvRows(
  database: Database,
  files: readonly SinkFile[],
  silver: ReadonlyMap<number, number>,
  columns: SqlColumns,
): Promise<RowCounts> {
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
  const small = sizes.reduce((sum, size) => sum + size, 0) <= READABLE_CSV_BYTES;
  const read = files.filter((file) => small || !silver.has(fileNumber(file)));
  const taken = files.flatMap((file): [string, number][] => {
    const rows = small ? undefined : silver.get(fileNumber(file));
    return rows === undefined ? [] : [[file.path, rows]];
  });
  const counted =
    read.length === 0
      ? []
      : await database.all(
          `SELECT ${FILE}, count(*) FROM ${await sourceOf('raw_csv', read, columns)} GROUP BY 1`,
        );
  return {
    byPath: new Map([
      ...taken,
      ...counted.map(([path, rows]): [string, number] => [String(path), Number(rows)]),
    ]),
    countedIn: taken.length > 0 ? 'silver' : 'files',
  };
}
