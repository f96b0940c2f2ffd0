import { access, constants, stat } from 'node:fs/promises';
import { absentAsUndefined } from '../util/files.ts';
import { messageOf } from '../util/product-error.ts';
import { committedFiles, readPruneLedger, type SinkFile } from './committed-files.ts';
import type { Database } from './database.ts';
import { FILE, listOf, type SqlColumns, sourceOf } from './file-source.ts';
import { fileNumber, type OutputName } from './sinks.ts';

/** A file that exists but that DuckDB cannot read, or that lacks a column. */
interface UnreadableFile {
  readonly file: SinkFile;
  readonly reason: string;
}

/** The result of loading a sink. */
export interface LoadedSink {
  readonly files: readonly SinkFile[];
  readonly unreadable: readonly UnreadableFile[];
}

export interface LoadOptions {
  readonly outputPath: string;
  readonly sink: OutputName;
  /** For raw_csv and silver: see `sourceOf`. */
  readonly columns?: SqlColumns;
  /** The last committed batch, read before this is called. */
  readonly through: number;
  /**
   * The statement that copies what it needs from a table function into a table.
   * @param list the files themselves, see `listOf`, where more than their rows is needed
   */
  readonly insert: (source: string, list: string) => string;
}

/**
 * Files per statement. It limits the length of the statement, and what is repeated when a file
 * vanishes.
 */
const FILES_PER_STATEMENT = 256;
/** Listings before giving up. Each later one reads only what was replaced since the one before. */
const LISTINGS = 5;

/**
 * Copies the committed, unpruned files of a sink into a table, each exactly once. A file that
 * vanishes in the meantime is searched for in a new listing: the job may have replaced it, or
 * pruned it after recording that in its ledger. A file that is lost for good is not hidden: its
 * rows are missing from the table, and the ledger read afterwards does not cover them.
 */
export async function loadSink(database: Database, options: LoadOptions): Promise<LoadedSink> {
  const loaded = new Map<string, SinkFile>();
  const unreadable = new Map<string, UnreadableFile>();
  for (let listing = 0; listing < LISTINGS; listing++) {
    const pruned = (await readPruneLedger(options.outputPath, options.sink))?.throughBatch ?? -1;
    const listed = await committedFiles(options.outputPath, options.sink, options.through);
    const open = listed.filter(
      ({ path, batch }) => batch > pruned && !loaded.has(path) && !unreadable.has(path),
    );
    if (open.length === 0) break;
    if (listing === LISTINGS - 1) {
      throw new Error(`${open[0]?.path} vanished and came back ${listing} times while it was read.`);
    }
    for (let from = 0; from < open.length; from += FILES_PER_STATEMENT) {
      const chunk = open.slice(from, from + FILES_PER_STATEMENT);
      for (const outcome of await loadChunk(database, options, chunk)) {
        if (outcome.reason === undefined) loaded.set(outcome.file.path, outcome.file);
        else unreadable.set(outcome.file.path, { file: outcome.file, reason: outcome.reason });
      }
    }
  }
  return { files: [...loaded.values()], unreadable: [...unreadable.values()] };
}

interface Outcome {
  readonly file: SinkFile;
  readonly reason: string | undefined;
}

/**
 * Reads files with one statement, or one by one when that fails. Vanished files are not in the
 * result.
 */
async function loadChunk(
  database: Database,
  options: LoadOptions,
  files: readonly SinkFile[],
): Promise<readonly Outcome[]> {
  try {
    const source = await sourceOf(options.sink, files, options.columns);
    await database.run(options.insert(source, listOf(files)));
    return files.map((file) => ({ file, reason: undefined }));
  } catch (error) {
    if (isOfTheMachine(error)) throw error;
    if (files.length > 1) {
      const outcomes: Outcome[] = [];
      for (const file of files) outcomes.push(...(await loadChunk(database, options, [file])));
      return outcomes;
    }
    const [file] = files;
    // Throws when the file may not be read: that is not a fault of the data.
    if (
      !file ||
      (await absentAsUndefined(access(file.path, constants.R_OK).then(() => true))) === undefined
    ) {
      return [];
    }
    return [{ file, reason: firstLine(error) }];
  }
}

/** Errors that no file has caused. */
function isOfTheMachine(error: unknown): boolean {
  return /^(Out of Memory|INTERRUPT|FATAL|INTERNAL|Parser)|No space left/i.test(messageOf(error));
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0] ?? '';

/** Row counts by file, and where they come from. */
export interface RowCounts {
  readonly byPath: ReadonlyMap<string, number>;
  /**
   * `files`: counted in the files themselves. `silver`: the rows of silver's files of the same
   * micro-batches.
   */
  readonly countedIn: 'files' | 'silver';
}

/**
 * CSV up to this total size is read to count its rows, which takes a few tenths of a second. Larger
 * counts are taken from silver.
 */
const READABLE_CSV_BYTES = 32 * 1024 * 1024;

/** Counts a Parquet sink's rows from the files' footers, without reading a row. */
export async function countParquetRows(database: Database, files: readonly SinkFile[]): Promise<RowCounts> {
  if (files.length === 0) return { byPath: new Map(), countedIn: 'files' };
  const rows = await database.all(`SELECT file_name, num_rows FROM parquet_file_metadata(${listOf(files)})`);
  return { byPath: new Map(rows.map(([path, count]) => [String(path), Number(count)])), countedIn: 'files' };
}

/**
 * Counts raw_csv's rows. A CSV has no footer, so a large one is not counted: the job makes it from
 * the silver file of the same micro-batch and part, and that file's count is used. `verify`
 * compares the two.
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
