import type { Database } from '../duckdb/database.ts';
import { BATCH_OF_FILENAME } from '../duckdb/file-source.ts';
import { type LoadedSink, loadSink } from '../duckdb/load-sink.ts';
import type { PartitionOffsets } from '../offset-log.ts';
import { readPruneLedger } from '../prune-ledger.ts';
import type { GoldExtent } from './gold-extent.ts';

/** Gold's windows are a minute long and begin at whole minutes of Unix time. */
const WINDOW_US = 60_000_000;

/** Start of the window of an event at `event_us`, Unix microseconds, as SQL; times before 1970 included. */
export const WINDOW_START = `(event_us - ((event_us % ${WINDOW_US}) + ${WINDOW_US}) % ${WINDOW_US})`;

/** The same event's end of window. */
const WINDOW_END = `(${WINDOW_START} + ${WINDOW_US})`;

/** An instant in Unix ms as microseconds, as SQL; one that lies before all others for -Infinity. */
export function microseconds(ms: number): string {
  return Number.isFinite(ms) ? String(BigInt(ms) * 1000n) : '(-9223372036854775807)';
}

/** Where the rows come from that gold is compared with: silver's files, or what the topic's records give. */
export interface SilverRows {
  /**
   * Runs a statement over all rows, in parts of bounded size.
   * @param statement takes a relation with card_id, event_us (Unix microseconds), amount, "partition" and "offset"
   * @returns whether rows are lacking that gold may have read
   */
  insert(
    database: Database,
    statement: (relation: string) => string,
  ): Promise<{ readonly incomplete: boolean }>;
}

/** The rows of silver's files. */
export function silverOfFiles(outputPath: string, through: number): SilverRows {
  return {
    async insert(database, statement) {
      const { unreadable } = await loadSink(database, {
        outputPath,
        through,
        sink: 'silver',
        insert: (source) =>
          statement(
            `(SELECT card_id, epoch_us(event_time) AS event_us, amount, "partition", "offset" FROM ${source})`,
          ),
      });
      const pruned = (await readPruneLedger(outputPath, 'silver')) !== undefined;
      return { incomplete: pruned || unreadable.length > 0 };
    },
  };
}

/** Takes gold's rows into a table, instants as Unix microseconds. */
export async function loadGold(
  database: Database,
  options: { readonly outputPath: string; readonly through: number },
): Promise<LoadedSink> {
  await database.run(`CREATE TABLE gold (batch BIGINT, card_id VARCHAR, window_start BIGINT, window_end BIGINT,
    txn_count BIGINT, sum_amount DECIMAL(38, 2), avg_amount DOUBLE, max_amount DECIMAL(38, 2))`);
  return loadSink(database, {
    ...options,
    sink: 'gold',
    insert: (source) => `
      INSERT INTO gold
      SELECT ${BATCH_OF_FILENAME}, card_id, epoch_us(window_start), epoch_us(window_end), txn_count, sum_amount,
        avg_amount::DOUBLE, max_amount
      FROM ${source}`,
  });
}

/** Aggregates the rows that gold had read, in closed windows, into a table: per part of the rows, so several rows a window. */
export async function aggregateSilver(
  database: Database,
  rows: SilverRows,
  extent: GoldExtent,
): Promise<{ readonly incomplete: boolean }> {
  await database.run(`CREATE TABLE silver_windows (card_id VARCHAR, window_start BIGINT, partition INTEGER,
    last_offset BIGINT, txn_count BIGINT, sum_amount DECIMAL(38, 2), max_amount DECIMAL(38, 2))`);
  return rows.insert(
    database,
    (relation) => `
      INSERT INTO silver_windows
      SELECT card_id, ${WINDOW_START}, "partition", max("offset"), count(*), sum(amount), max(amount)
      FROM ${relation} WHERE ${readByGold(extent)} GROUP BY 1, 2, 3`,
  );
}

/** Whether a silver row is of a record that gold read, and of a window that is closed, as SQL. */
export function readByGold(extent: GoldExtent): string {
  const ranges = [...extent.through.end].map(([partition, end]) =>
    rangeOf(partition, startOf(extent.start, partition), end),
  );
  return `(${ranges.join(' OR ') || 'false'}) AND ${WINDOW_END} <= ${microseconds(extent.through.watermarkMs)}`;
}

const startOf = (start: PartitionOffsets, partition: number): number => start.get(partition) ?? 0;

const rangeOf = (partition: number, from: number, to: number): string =>
  `("partition" = ${partition} AND "offset" >= ${from} AND "offset" < ${to})`;
