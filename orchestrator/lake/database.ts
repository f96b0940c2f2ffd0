import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  INTEGER,
  type JS,
  UBIGINT,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, ProductError } from '../util/product-error.ts';
import { prepareFirst, type Statement } from './statement.ts';

/**
 * What a cell of a result is in JavaScript: whole numbers of 64 bits and more as bigint, decimals
 * as number, instants as Date.
 */
export type Cell = JS;

/** A DuckDB database of its own, for one piece of work. Statements run one at a time. */
export interface Database {
  run(sql: string): Promise<void>;
  /** The rows of a result, read as they are needed: memory does not grow with their number. */
  rows(sql: string): AsyncGenerator<readonly Cell[]>;
  /** The rows of a small result. */
  all(sql: string): Promise<readonly (readonly Cell[])[]>;
  /**
   * Parses and binds a text of one statement or more, and runs none; the answer is the first of
   * them.
   */
  prepare(sql: string): Promise<Statement & { readonly count: number }>;
  /**
   * From now on nothing outside these files can be read or written, nothing loaded, and no setting
   * changed.
   */
  confine(paths: readonly string[]): Promise<void>;
  /** Adds rows to a table, given column by column in the table's order. */
  append(table: string, columns: AppendableColumns): Promise<void>;
}

/** Memory for DuckDB's buffers and tables; what exceeds it goes to the temporary folder. */
export const MEMORY_LIMIT_MB = 448;
/**
 * Else the allocator (jemalloc) keeps what was freed, which on top of the limit is as much again.
 */
const GIVES_BACK = {
  allocator_flush_threshold: '16MB',
  allocator_bulk_deallocation_flush_threshold: '16MB',
  allocator_background_threads: 'true',
};
/** Every thread takes its share of the memory: more of them would leave too little for each. */
const MOST_THREADS = 4;

/**
 * Lends a database that lives in a folder of its own in the system's temporary folder; the folder
 * goes when the work is over, however it ends. Nothing is fetched from the network, and times are
 * UTC.
 * @throws the signal's reason when it is aborted; ProductError OUTPUT_NOT_WRITABLE for the
 * temporary folder
 */
export async function withDatabase<T>(
  signal: AbortSignal | undefined,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'medallion-stream-')).catch((error) => {
    throw temporaryFolderUnusable(error);
  });
  let close = () => {};
  try {
    signal?.throwIfAborted();
    const instance = await DuckDBInstance.create(join(folder, 'work.duckdb'), {
      memory_limit: `${MEMORY_LIMIT_MB}MB`,
      threads: String(Math.min(availableParallelism(), MOST_THREADS)),
      temp_directory: join(folder, 'spill'),
      preserve_insertion_order: 'false',
      ...GIVES_BACK,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    close = () => instance.closeSync();
    const connection = await instance.connect();
    close = () => {
      connection.closeSync();
      instance.closeSync();
    };
    await connection.run("SET TimeZone = 'UTC'");
    return await interruptible(connection, signal, () => use(databaseOn(connection, signal)));
  } catch (error) {
    // DuckDB's words for a disk that is full name the file.
    throw messageOf(error).startsWith('IO Error') && messageOf(error).includes(folder)
      ? temporaryFolderUnusable(error)
      : error;
  } finally {
    close();
    await rm(folder, { recursive: true, force: true });
  }
}

function temporaryFolderUnusable(cause: unknown): ProductError {
  return new ProductError('OUTPUT_NOT_WRITABLE', {
    message: `The temporary folder ${tmpdir()} cannot be used: ${messageOf(cause)}.`,
    hint: 'Free some space there, or set TMPDIR to another folder.',
    cause,
  });
}

/** A string as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const interrupt = () => connection.interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    // An interrupted statement fails with DuckDB's own words; what counts is why.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}

function databaseOn(connection: DuckDBConnection, signal: AbortSignal | undefined): Database {
  return {
    async run(sql) {
      signal?.throwIfAborted();
      await connection.run(sql);
    },
    async *rows(sql) {
      signal?.throwIfAborted();
      const result = await connection.stream(sql);
      for await (const rows of result.yieldRowsJs()) {
        signal?.throwIfAborted();
        yield* rows;
      }
    },
    async all(sql) {
      signal?.throwIfAborted();
      return (await connection.runAndReadAll(sql)).getRowsJS();
    },
    async prepare(sql) {
      signal?.throwIfAborted();
      return prepareFirst(connection, sql);
    },
    async confine(paths) {
      signal?.throwIfAborted();
      await connection.run(`SET allowed_paths = [${paths.map(sqlText).join(',')}]`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    },
    async append(table, columns) {
      signal?.throwIfAborted();
      await appendColumns(connection, table, columns);
    },
  };
}

/**
 * Whether a reading failed because a file is not there any more: it was pruned, or is being
 * replaced.
 */
export function isVanished(error: unknown): boolean {
  return /No files found|no such file/i.test(messageOf(error));
}

const TYPES = { BIGINT, BOOLEAN, DOUBLE, INTEGER, UBIGINT, VARCHAR };

/** One column: its type, and a value for each row. */
export interface AppendableColumn {
  readonly type: keyof typeof TYPES;
  readonly values: readonly (bigint | boolean | number | string | null)[];
}

/** The columns of a table in its order, all of one length. */
type AppendableColumns = readonly AppendableColumn[];

/** Rows that DuckDB takes at once: the size of its vectors. */
const CHUNK_ROWS = 2048;

/**
 * Adds rows to a table without going through SQL. A text becomes a decimal or date where the table
 * has one.
 */
async function appendColumns(
  connection: DuckDBConnection,
  table: string,
  columns: AppendableColumns,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    const rows = columns[0]?.values.length ?? 0;
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const to = Math.min(rows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(
        columns.map(({ type }) => TYPES[type]),
        to - from,
      );
      for (const [at, { values }] of columns.entries()) chunk.setColumnValues(at, values.slice(from, to));
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

/** Rows that are written by one statement. */
const AT_ONCE = 1000;

/**
 * Puts rows into a table, a thousand by a statement.
 * @param rows each as SQL, `(1, 'a')`
 */
export async function insertRows(database: Database, table: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await database.run(`INSERT INTO ${table} VALUES ${rows.slice(from, from + AT_ONCE).join(', ')}`);
  }
}
