import { stat } from 'node:fs/promises';
import { lastCommittedBatch } from '../lake/checkpoint.ts';
import {
  committedFiles,
  type PruneLedger,
  readPruneLedgers,
  type SinkFile,
} from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import { BATCH_OF_FILE, columnsOfOutput, sourceOf } from '../lake/file-source.ts';
import { countCsvRows, countParquetRows, type RowCounts } from '../lake/load-sink.ts';
import { quoted } from '../lake/pipeline-sql.ts';
import { fileNumber, isSinkName, noData, type OutputName, outputNames } from '../lake/sinks.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { absentAsUndefined } from '../util/files.ts';
import { type GoldOverview, goldOverview } from './gold-overview.ts';
import { type GoldProspect, goldProspects } from './gold-prospect.ts';
import { type PeekColumn, peekColumns } from './peek-columns.ts';
import { readOutputs } from './read-outputs.ts';
import { HIDDEN, readableRows } from './readable-rows.ts';
import { type RejectedReason, rejectedReasons } from './rejected.ts';
import { type UnmetExpectation, unmetExpectations } from './unmet-expectations.ts';

export interface PeekOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** The pipeline that makes the outputs. */
  readonly pipeline: Pipeline;
  /**
   * The sink or gold table whose newest rows are shown. Without one these are silver's rows, with
   * an overview of gold and quarantine.
   */
  readonly sink?: OutputName | undefined;
  /** The number of rows. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** The files and rows of one sink from committed micro-batches. */
export interface SinkOverview {
  readonly sink: OutputName;
  readonly rows: number;
  readonly files: number;
  /** Where `rows` was counted. */
  readonly countedIn: RowCounts['countedIn'];
  /** Files that MAX_FILES_PER_SINK removed. */
  readonly prunedFiles: number;
  /** The rows of these files. Null where they were not counted. */
  readonly prunedRows: number | null;
  /** When the newest file was written, ISO-8601 with Z. Null without files. */
  readonly newestFileAt: string | null;
}

export interface Peek {
  readonly sinks: readonly SinkOverview[];
  readonly sink: OutputName;
  readonly columns: readonly PeekColumn[];
  /**
   * Newest first. Cells are text, in the order of the columns, and null where there is no value.
   */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Present when no sink was named. */
  readonly overview: PeekOverview | undefined;
}

/** The overview of gold and quarantine. */
export interface PeekOverview {
  /** The newest windows of each gold table. */
  readonly gold: readonly GoldOverview[];
  /** How far each gold table is in event time. */
  readonly eventTime: readonly GoldProspect[];
  readonly expectations: readonly UnmetExpectation[];
  readonly rejected: readonly RejectedReason[];
}

/**
 * Shows what the job wrote, even while it runs: rows and files per sink, and the newest rows of one
 * sink, read from the newest files that hold enough of them.
 * @throws ProductError NO_DATA when no sink has rows; OUTPUT_CHANGED; OUTPUT_NOT_LOCAL;
 * OUTPUT_DAMAGED; the signal's reason
 */
export function peekOutputs(options: PeekOptions): Promise<Peek> {
  return readOutputs(options.signal, (database) => look(database, options));
}

async function look(database: Database, options: PeekOptions): Promise<Peek> {
  const { outputPath, pipeline, sink = 'silver', limit } = options;
  const through = await lastCommittedBatch(outputPath, 'silver');
  const found = new Map<OutputName, Found>();
  for (const name of outputNames(pipeline)) {
    const files = await committedFiles(outputPath, name, isSinkName(name) ? through : undefined);
    const counts =
      name === 'raw_csv'
        ? await countCsvRows(
            database,
            files,
            rowsByFile(found.get('silver')),
            columnsOfOutput(pipeline, name),
          )
        : await countParquetRows(database, files);
    found.set(name, { files, counts });
  }
  // Read after the files, so that it covers files pruned in the meantime, which count as deleted.
  const ledgers = await readPruneLedgers(
    outputPath,
    pipeline.gold.map(({ name }) => name),
  );
  const sinks: SinkOverview[] = [];
  for (const [name, { files, counts }] of found) {
    const left = files.filter(({ batch }) => batch > (ledgers.get(name)?.throughBatch ?? -1));
    sinks.push({
      sink: name,
      rows: left.map(({ path }) => counts.byPath.get(path) ?? 0).reduce(sum, 0),
      files: left.length,
      countedIn: counts.countedIn,
      prunedFiles: ledgers.get(name)?.files ?? 0,
      prunedRows: prunedRows(ledgers, name),
      newestFileAt: await newestTime(left),
    });
  }
  if (sinks.every(({ rows }) => rows === 0)) throw noData(outputPath);
  const filesOf = (name: OutputName) => found.get(name)?.files ?? [];
  const newest = newestFiles(filesOf(sink), found.get(sink)?.counts.byPath ?? new Map(), limit);
  const rows = newest.length === 0 ? [] : await newestRows(database, pipeline, sink, newest, limit);
  const overview =
    options.sink === undefined ? await overviewOf(database, options, through, filesOf) : undefined;
  return { sinks, sink, columns: peekColumns(pipeline, sink), rows, overview };
}

async function overviewOf(
  database: Database,
  { outputPath, pipeline }: PeekOptions,
  through: number,
  filesOf: (name: OutputName) => readonly SinkFile[],
): Promise<PeekOverview> {
  const gold: GoldOverview[] = [];
  for (const table of pipeline.gold) {
    gold.push(await goldOverview(database, pipeline, table, filesOf(table.name)));
  }
  return {
    gold,
    eventTime: await goldProspects(database, { outputPath, pipeline, through }),
    expectations: await unmetExpectations(database, pipeline, filesOf('silver')),
    rejected: await rejectedReasons(database, filesOf('quarantine')),
  };
}

/**
 * The rows of a sink's pruned files. Those of raw_csv have the rows of silver's, as long as both
 * were pruned up to the same batch.
 */
function prunedRows(ledgers: ReadonlyMap<OutputName, PruneLedger>, sink: OutputName): number | null {
  const own = ledgers.get(sink);
  if (!own) return 0;
  const silver = ledgers.get('silver');
  const isSilver = sink === 'raw_csv' && silver?.throughBatch === own.throughBatch;
  return (isSilver ? silver : own).rows ?? null;
}

interface Found {
  readonly files: readonly SinkFile[];
  readonly counts: RowCounts;
}

function rowsByFile(found: Found | undefined): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  for (const file of found?.files ?? []) {
    const number = fileNumber(file);
    // The same batch under two names: it is unknown from which one the CSV was made.
    rows.set(number, rows.has(number) ? Number.NaN : (found?.counts.byPath.get(file.path) ?? Number.NaN));
  }
  return new Map([...rows].filter(([, count]) => !Number.isNaN(count)));
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
    // Each part of a micro-batch may contain its newest rows.
    if (held >= limit && file.batch !== chosen.at(-1)?.batch) break;
    chosen.push(file);
    held += rows.get(file.path) ?? 0;
  }
  return chosen;
}

async function newestRows(
  database: Database,
  pipeline: Pipeline,
  sink: OutputName,
  files: readonly SinkFile[],
  limit: number,
) {
  const columns = peekColumns(pipeline, sink);
  const source = await sourceOf(sink, files, columnsOfOutput(pipeline, sink));
  const rows = await readableRows(
    database,
    (hidden) => `
      SELECT ${columns.map((column) => (hidden && column.asItCame ? HIDDEN : column.sql)).join(', ')}
      FROM ${source} ORDER BY ${newestFirst(pipeline, sink)} LIMIT ${limit}`,
  );
  return rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
}

/**
 * The order of rows. raw_csv can be ordered only by the batch of its file: the time in a file's
 * name follows a clock that may be set back.
 */
function newestFirst({ gold, rawCsv }: Pipeline, output: OutputName): string {
  switch (output) {
    case 'bronze':
    case 'silver':
      return 'kafka_ts DESC, "offset" DESC, "partition"';
    case 'quarantine':
      return 'bad_ingest_ts DESC, "offset" DESC, "partition"';
    case 'raw_csv': {
      const [first = ''] = rawCsv.columns;
      const time = rawCsv.columns.includes('event_time') ? ['event_time DESC'] : [];
      return [`${BATCH_OF_FILE} DESC`, ...time, quoted(first)].join(', ');
    }
    default: {
      const keys = gold.find(({ name }) => name === output)?.groupBy ?? [];
      return ['window_start DESC', ...keys.map(quoted)].join(', ');
    }
  }
}

const sum = (a: number, b: number): number => a + b;
