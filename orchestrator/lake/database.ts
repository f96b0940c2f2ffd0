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
 * A cell of a result in JavaScript: whole numbers of 64 bits and more as bigint, decimals as
 * number, instants as Date.
 */
export type Cell = JS;

/** A separate DuckDB database for one piece of work. Statements run one at a time. */
export interface Database {
  run(sql: string): Promise<void>;
  /** The rows of a result, read on demand: memory does not grow with their number. */
  rows(sql: string): AsyncGenerator<readonly Cell[]>;
  /** The rows of a small result. */
  all(sql: string): Promise<readonly (readonly Cell[])[]>;
  /** Parses and binds a text of one or more statements and runs none. Returns the first of them. */
  prepare(sql: string): Promise<Statement & { readonly count: number }>;
  /**
   * After this call nothing outside these files can be read or written, no extension can be loaded,
   * and no setting can be changed.
   */
  confine(paths: readonly string[]): Promise<void>;
  /** Adds rows to a table, given by column in the table's order. */
  append(table: string, columns: AppendableColumns): Promise<void>;
}

/** Memory for DuckDB's buffers and tables. What exceeds it is written to the temporary folder. */
export const MEMORY_LIMIT_MB = 448;
/** Without this the allocator (jemalloc) keeps freed memory: as much again on top of the limit. */
const GIVES_BACK = {
  allocator_flush_threshold: '16MB',
  allocator_bulk_deallocation_flush_threshold: '16MB',
  allocator_background_threads: 'true',
};
/** Every thread takes its share of the memory, so more threads would leave each too little. */
const MOST_THREADS = 4;

/**
 * Runs the work with a database in a new folder below the system's temporary folder. The folder is
 * removed when the work ends, with or without an error. The database fetches nothing from the
 * network, and times are UTC.
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
    // DuckDB's message for a full disk names the file.
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
    // An interrupted statement fails with DuckDB's own message. The reason of the abort matters
    // more.
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

/** Whether a read failed because a file no longer exists: it was pruned, or is being replaced. */
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

/** Rows that DuckDB takes in one chunk: the size of its vectors. */
const CHUNK_ROWS = 2048;

/**
 * Adds rows to a table without SQL. A text becomes a decimal or date where the table has that type.
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

/** Rows per statement. */
const AT_ONCE = 1000;

/**
 * Inserts rows into a table, a thousand per statement.
 * @param rows each as SQL, `(1, 'a')`
 */
export async function insertRows(database: Database, table: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await database.run(`INSERT INTO ${table} VALUES ${rows.slice(from, from + AT_ONCE).join(', ')}`);
  }
}
