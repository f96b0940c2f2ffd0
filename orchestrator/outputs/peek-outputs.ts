import { stat } from 'node:fs/promises';
import { messageOf, ProductError } from '../core/product-error.ts';
import { committedFiles, type SinkFile } from './committed-files.ts';
import { type Database, withDatabase } from './duckdb/database.ts';
import { sourceOf } from './duckdb/file-source.ts';
import { isVanished } from './duckdb/vanished.ts';
import { absentAsUndefined } from './optional-file.ts';
import { PEEK_COLUMNS, type PeekColumn } from './peek-columns.ts';
import { SINK_NAMES, type SinkName } from './sinks.ts';

export interface PeekOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** The sink whose newest rows are wanted. */
  readonly sink: SinkName;
  /** How many of them. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** What committed micro-batches left in one sink. */
export interface SinkOverview {
  readonly sink: SinkName;
  readonly rows: number;
  readonly files: number;
  /** When the newest file was written, ISO-8601 with Z; null without files. */
  readonly newestFileAt: string | null;
}

export interface Peek {
  readonly sinks: readonly SinkOverview[];
  readonly sink: SinkName;
  readonly columns: readonly PeekColumn[];
  /** Newest first; cells as text, in the order of the columns, null where there is no value. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** How often the reading starts over because files were pruned or replaced under it. */
const ATTEMPTS = 5;

/**
 * Looks at what the job wrote, also while it runs: rows and files per sink, and the newest rows of one, which are looked for in
 * the newest files that hold enough of them.
 * @throws ProductError NO_DATA when no sink has rows, OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED; the signal's reason
 */
export async function peekOutputs(options: PeekOptions): Promise<Peek> {
  return withDatabase(options.signal, async (database) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await look(database, options);
      } catch (error) {
        if (attempt === ATTEMPTS || !isVanished(error)) throw error;
      }
    }
  });
}

async function look(database: Database, { outputPath, sink, limit }: PeekOptions): Promise<Peek> {
  const sinks: SinkOverview[] = [];
  let newest: readonly SinkFile[] = [];
  for (const name of SINK_NAMES) {
    const files = await committedFiles(outputPath, name);
    const rows = await rowsByFile(database, name, files);
    const newestFileAt = await newestTime(files);
    sinks.push({ sink: name, rows: [...rows.values()].reduce(sum, 0), files: files.length, newestFileAt });
    if (name === sink) newest = newestFiles(files, rows, limit);
  }
  if (sinks.every(({ rows }) => rows === 0)) {
    throw new ProductError('NO_DATA', {
      message: `No micro-batch has left rows in ${outputPath} yet.`,
      hint: 'See with `npm run status` whether the stack is up; the first rows follow its first trigger.',
    });
  }
  const columns = PEEK_COLUMNS[sink];
  const rows = newest.length === 0 ? [] : await newestRows(database, sink, newest, limit);
  return { sinks, sink, columns, rows };
}

async function rowsByFile(
  database: Database,
  sink: SinkName,
  files: readonly SinkFile[],
): Promise<ReadonlyMap<string, number>> {
  if (files.length === 0) return new Map();
  const rows = await database.all(`SELECT filename, count(*) FROM ${sourceOf(sink, files)} GROUP BY 1`);
  return new Map(rows.map(([path, count]) => [String(path), Number(count)]));
}

async function newestTime(files: readonly SinkFile[]): Promise<string | null> {
  const last = files.at(-1);
  const found = last && (await absentAsUndefined(stat(last.path)));
  return found ? found.mtime.toISOString() : null;
}

/** The files of the last micro-batches, as many as hold `limit` rows. */
function newestFiles(
  files: readonly SinkFile[],
  rows: ReadonlyMap<string, number>,
  limit: number,
): readonly SinkFile[] {
  const chosen: SinkFile[] = [];
  let held = 0;
  for (const file of [...files].reverse()) {
    if (held >= limit) break;
    chosen.push(file);
    held += rows.get(file.path) ?? 0;
  }
  return chosen;
}

async function newestRows(database: Database, sink: SinkName, files: readonly SinkFile[], limit: number) {
  const columns = PEEK_COLUMNS[sink];
  const select = (hidden: boolean) => `
    SELECT ${columns.map((column) => (hidden && column.asItCame ? "'(hidden: not UTF-8)'" : column.sql)).join(', ')}
    FROM ${sourceOf(sink, files)} ORDER BY ${NEWEST_FIRST[sink]} LIMIT ${limit}`;
  let rows: Awaited<ReturnType<Database['all']>>;
  try {
    rows = await database.all(select(false));
  } catch (error) {
    // Text columns hold records' bytes as they came; DuckDB 1.5 refuses a whole page of them for one that is not UTF-8. Later
    // versions can replace such bytes (utf8_validation).
    if (!/not valid UTF8|Invalid string encoding|invalid unicode/i.test(messageOf(error))) throw error;
    rows = await database.all(select(true));
  }
  return rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
}

/** What orders rows; raw_csv has nothing but its files. */
const NEWEST_FIRST: Readonly<Record<SinkName, string>> = {
  bronze: 'kafka_ts DESC, "offset" DESC, "partition"',
  silver: 'kafka_ts DESC, "offset" DESC, "partition"',
  quarantine: 'bad_ingest_ts DESC, "offset" DESC, "partition"',
  gold: 'window_start DESC, card_id',
  raw_csv: 'filename DESC, event_time DESC, txn_id',
};

const sum = (a: number, b: number): number => a + b;
