import { committedFiles, readPruneLedger } from '../../lake/committed-files.ts';
import type { Database } from '../../lake/database.ts';
import { BATCH_OF_FILE } from '../../lake/file-source.ts';
import { type GoldBatch, type GoldCheckpoint, isUnread } from '../../lake/gold-checkpoint.ts';
import { type LoadedSink, loadSink } from '../../lake/load-sink.ts';
import { batchOfFileNumber } from '../../lake/sinks.ts';
import type { GoldTable, Pipeline } from '../../pipeline/model.ts';
import { type DifferenceLog, type GoldTableReport, type NotCompared, noteFiles } from '../report.ts';
import { compareGold, windowText } from './compare-gold.ts';
import {
  type GoldReading,
  type LateRule,
  newestEvents,
  readGold,
  type SilverRows,
  silverOfFiles,
} from './gold-batches.ts';
import { type GoldSql, goldSql, microseconds } from './gold-sql.ts';

export interface GoldVerification {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  readonly table: GoldTable;
  /**
   * Read before the checkpoint of `ingest`, so that gold has hardly read files that are not
   * committed.
   */
  readonly checkpoint: GoldCheckpoint;
  /** The last committed micro-batch of `ingest`. */
  readonly through: number;
  /** The silver rows from the topic's records, where these are read. */
  readonly records: SilverRows | undefined;
}

export interface GoldOutcome {
  readonly report: GoldTableReport;
  readonly notCompared: readonly NotCompared[];
  readonly sql: GoldSql;
  readonly reading: GoldReading;
  /** The source log's batch of each silver file that was compared, by the file's number. */
  readonly logged: ReadonlyMap<number, number>;
}

/**
 * Verifies a gold table by Spark's rule, from the table's own checkpoint: no window is there twice,
 * none was emitted before it closed, and every closed one equals its silver rows without the late
 * ones. Which rows were late follows from the files that each micro-batch has read and from the
 * watermarks before it.
 * Silver that gold has not read yet is gold's lag. Pruned silver files make a window undecided
 * where gold holds more than silver shows. Where gold holds less, it is wrong in any case. Leaves
 * the windows that differ in the table `gold_wrong`.
 */
export async function verifyGold(
  database: Database,
  options: GoldVerification,
  log: DifferenceLog,
): Promise<GoldOutcome> {
  const { outputPath, pipeline, table, checkpoint } = options;
  const sql = goldSql(pipeline, table);
  const extent = comparable(checkpoint, options.through);
  const last = extent.batches.at(-1);
  const loaded = await loadGold(database, { outputPath, sql, through: last?.batch ?? -1 });
  const prunedThrough = (await readPruneLedger(outputPath, table.name))?.throughBatch ?? -1;
  await database.run(`DELETE FROM gold WHERE batch <= ${prunedThrough}`);
  noteFiles(table.name, loaded, prunedThrough, log);

  const silver = options.records ?? silverOfFiles(outputPath, pipeline, extent.logged.keys());
  const newest = await newestEvents(database, silver);
  const delayMs = pipeline.eventTime.watermarkMs;
  const reading = readGold(extent, extent.logged, newest, delayMs);
  for (const { batch, recorded, expected } of reading.wrong) {
    const detail = `batch ${batch} has the watermark ${instant(recorded)}, the rows before it give ${instant(expected)}`;
    log.add({ kind: 'watermark-wrong', sink: table.name, count: 1, detail });
  }
  const rows = await noteGoldRows(database, sql, reading.batches, log);
  const watermarkMs = reading.batches.at(-1)?.watermarkMs ?? 0;
  const report = {
    name: table.name,
    committedBatch: checkpoint.committed < 0 ? null : checkpoint.committed,
    rows,
    equalWindows: 0,
    late: 0,
    watermark: watermarkMs > 0 ? new Date(watermarkMs).toISOString() : null,
    unreadFiles: await unreadFiles(options),
  };
  const outcome = { sql, reading, logged: extent.logged };
  if (last === undefined) return { ...outcome, report, notCompared: [] };

  const prunedWindowsMs = await prunedWindows(database, sql, reading.batches, prunedThrough);
  if (prunedWindowsMs === 'all') {
    const reason = 'all gold files of known micro-batches were pruned';
    return { ...outcome, report, notCompared: [{ sink: table.name, reason, count: null }] };
  }
  const lump = lumped(silver, extent.logged, reading.rules);
  const findings = await compareGold(
    database,
    {
      sql,
      silver,
      logged: lump.logged,
      rules: lump.rules,
      watermarkMs,
      prunedWindowsMs,
      isSilverIncomplete: async () => {
        const pruned = (await readPruneLedger(outputPath, 'silver'))?.throughBatch ?? -1;
        const wentMeanwhile = (file: number) =>
          silver.isPartial === undefined && batchOfFileNumber(file) <= pruned;
        return [...extent.logged.keys()].some((file) => newest.isPartial(file) || wentMeanwhile(file));
      },
    },
    log,
  );
  const { equalWindows, late, undecidedByLateness, undecidedByPruning } = findings;
  return {
    ...outcome,
    report: { ...report, equalWindows, late },
    notCompared: undecided(table.name, undecidedByLateness, undecidedByPruning),
  };
}

/**
 * The part of gold whose silver rows are committed. An `ingest` that was killed may have left a
 * file that is not committed.
 */
function comparable(
  { batches, seen }: GoldCheckpoint,
  through: number,
): { readonly batches: readonly GoldBatch[]; readonly logged: ReadonlyMap<number, number> } {
  const uncommitted = Math.min(
    ...[...seen].filter(([silver]) => batchOfFileNumber(silver) > through).map(([, logOffset]) => logOffset),
  );
  const known = batches.filter(({ logOffset }) => logOffset < uncommitted);
  const last = known.at(-1)?.logOffset ?? -1;
  return { batches: known, logged: new Map([...seen].filter(([, logOffset]) => logOffset <= last)) };
}

/** Loads gold's rows into the table `gold`, with instants as Unix microseconds. */
async function loadGold(
  database: Database,
  {
    outputPath,
    sql,
    through,
  }: { readonly outputPath: string; readonly sql: GoldSql; readonly through: number },
): Promise<LoadedSink> {
  const { keys, measures, table } = sql;
  const types = [...keys, ...measures].map(({ column, type }) => `, ${column} ${type}`).join('');
  await database.run(
    `CREATE OR REPLACE TABLE gold (batch BIGINT, window_start BIGINT, window_end BIGINT${types})`,
  );
  await database.run(
    `CREATE OR REPLACE TABLE gold_wrong (window_start BIGINT${keys.map(({ column, type }) => `, ${column} ${type}`).join('')})`,
  );
  return loadSink(database, {
    outputPath,
    through,
    sink: table.name,
    insert: (source) => `
      INSERT INTO gold
      SELECT ${BATCH_OF_FILE}, epoch_us(window_start), epoch_us(window_end)
        ${[...keys, ...measures].map(({ select }) => `, ${select}`).join('')}
      FROM ${source}`,
  });
}

/** Committed silver files that no committed micro-batch of gold has read: gold's lag. */
async function unreadFiles({ outputPath, checkpoint, through }: GoldVerification): Promise<number> {
  const files = await committedFiles(outputPath, 'silver', through);
  return files.filter((file) => isUnread(checkpoint, file)).length;
}

/**
 * Treats rows whose file is unknown as read before all others. They were late at most by the rule
 * of the last of them.
 */
function lumped(
  { batchesUnknownThrough }: SilverRows,
  logged: ReadonlyMap<number, number>,
  rules: readonly LateRule[],
): { readonly logged: ReadonlyMap<number, number>; readonly rules: readonly LateRule[] } {
  if (batchesUnknownThrough === undefined) return { logged, rules };
  const last = Math.max(
    -1,
    ...[...logged]
      .filter(([file]) => batchOfFileNumber(file) <= batchesUnknownThrough)
      .map(([, logOffset]) => logOffset),
  );
  const openMs = Math.max(
    0,
    ...rules.filter(({ logOffset }) => logOffset <= last).map((rule) => rule.openMs),
  );
  return {
    logged: new Map([...logged, [-1, -1]]),
    rules: [...rules, { logOffset: -1, lateMs: 0, openMs }],
  };
}

/**
 * Windows that end by this instant (Unix ms) may be in pruned gold files. Undefined when nothing
 * was pruned, `all` when the remaining files do not show it. A micro-batch emits windows that end
 * after all those of earlier ones.
 */
async function prunedWindows(
  database: Database,
  { windowUs }: GoldSql,
  batches: readonly GoldBatch[],
  prunedThrough: number,
): Promise<number | 'all' | undefined> {
  if (prunedThrough < 0) return undefined;
  const last = batches.find(({ batch }) => batch === prunedThrough);
  if (last) return last.watermarkMs;
  const [row] = await database.all('SELECT min(window_start) FROM gold');
  const first = row?.[0] ?? null;
  return first === null ? 'all' : (Number(first) + windowUs) / 1000 - 1;
}

function undecided(sink: string, byLateness: number, byPruning: number): readonly NotCompared[] {
  const all = [
    {
      sink,
      reason:
        'windows have records of which the checkpoint no longer shows whether they were late; a window counts as right with or without them',
      count: byLateness,
    },
    {
      sink,
      reason: 'windows hold more records than silver, whose files were partly pruned',
      count: byPruning,
    },
  ];
  return all.filter(({ count }) => count > 0);
}

const instant = (ms: number): string => (ms > 0 ? new Date(ms).toISOString() : 'none');

/**
 * Notes windows that are in gold twice, and windows in the file of a micro-batch whose watermark is
 * before their end. Leaves the former in the table `gold_doubled`.
 * @returns gold's rows
 */
async function noteGoldRows(
  database: Database,
  sql: GoldSql,
  batches: readonly GoldBatch[],
  log: DifferenceLog,
): Promise<number> {
  const { keys, windowUs, table } = sql;
  const columns = keys.map(({ column }) => column);
  const names = ['window_start', ...columns].join(', ');
  const texts = ['window_start', ...columns.map((column) => `${column}::VARCHAR`)].join(', ');
  await database.run(`
    CREATE OR REPLACE TABLE gold_doubled AS
    SELECT ${names}, count(*) AS rows, min(batch) AS first_batch, max(batch) AS last_batch
    FROM gold GROUP BY ${names} HAVING count(*) > 1`);
  await note(
    database,
    `SELECT make_timestamp(window_start)::VARCHAR AS start, rows, first_batch, last_batch, ${texts} FROM gold_doubled`,
    ([start, rows, first, last, , ...cells]) => ({
      kind: 'gold-doubled',
      sink: table.name,
      count: Number(rows) - 1,
      detail: `${windowText(sql, cells, start)}: ${rows} rows, in batches ${first} to ${last}`,
    }),
    log,
  );
  const watermarks = batches.map(({ batch, watermarkMs }) => `(${batch}, ${microseconds(watermarkMs)})`);
  if (watermarks.length > 0) {
    await note(
      database,
      `SELECT make_timestamp(window_start)::VARCHAR AS start, g.batch, make_timestamp(nullif(w.watermark, 0))::VARCHAR, ${texts}
       FROM gold g JOIN (VALUES ${watermarks.join(', ')}) w(batch, watermark) ON w.batch = g.batch
       WHERE g.window_start + ${windowUs} > w.watermark`,
      ([start, batch, watermark, , ...cells]) => ({
        kind: 'gold-early',
        sink: table.name,
        count: 1,
        detail: `${windowText(sql, cells, start)}, in batch ${batch} whose watermark was ${watermark === null ? 'none' : `${watermark} UTC`}`,
      }),
      log,
    );
  }
  const [row] = await database.all('SELECT count(*) FROM gold');
  return Number(row?.[0] ?? 0);
}

/** Counts all rows of a statement as differences, and fetches the first ones. */
async function note(
  database: Database,
  statement: string,
  toDifference: (row: Awaited<ReturnType<Database['all']>>[number]) => Parameters<DifferenceLog['add']>[0],
  log: DifferenceLog,
): Promise<void> {
  const [counted] = await database.all(`SELECT count(*) FROM (${statement})`);
  const total = Number(counted?.[0] ?? 0);
  if (total === 0) return;
  const listed = (await database.all(`${statement} ORDER BY ALL LIMIT 50`)).map(toDifference);
  for (const difference of listed) log.add(difference);
  const [first] = listed;
  if (first) log.addUnlisted(first, total - listed.length);
}
