import type { Database } from '../duckdb/database.ts';
import { BATCH_OF_FILENAME } from '../duckdb/file-source.ts';
import { type LoadedSink, loadSink } from '../duckdb/load-sink.ts';
import type { PartitionOffsets } from '../offset-log.ts';
import type { GoldExtent } from './gold-extent.ts';

/** Gold's windows are a minute long and begin at whole minutes of Unix time. */
const WINDOW_US = 60_000_000;

/** Start of a silver row's window, Unix microseconds, as SQL; dates before 1970 included. */
export const WINDOW_START = `(epoch_us(event_time) - ((epoch_us(event_time) % ${WINDOW_US}) + ${WINDOW_US}) % ${WINDOW_US})`;

/** The same row's end of window. */
export const WINDOW_END = `(${WINDOW_START} + ${WINDOW_US})`;

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

/** Aggregates silver's rows that gold had read, in closed windows, into a table: per file group, so several rows a window. */
export async function aggregateSilver(
  database: Database,
  options: { readonly outputPath: string; readonly through: number; readonly extent: GoldExtent },
): Promise<LoadedSink> {
  await database.run(`CREATE TABLE silver_windows (card_id VARCHAR, window_start BIGINT, txn_count BIGINT,
    sum_amount DECIMAL(38, 2), max_amount DECIMAL(38, 2))`);
  const { outputPath, through, extent } = options;
  return loadSink(database, {
    outputPath,
    through,
    sink: 'silver',
    insert: (source) => `
      INSERT INTO silver_windows
      SELECT card_id, ${WINDOW_START}, count(*), sum(amount), max(amount)
      FROM ${source} WHERE ${readByGold(extent)} GROUP BY 1, 2`,
  });
}

/** Whether a silver row is of a record that gold read, and of a window that is closed, as SQL. */
export function readByGold(extent: GoldExtent): string {
  const ranges = [...extent.through.end].map(([partition, end]) =>
    rangeOf(partition, startOf(extent.start, partition), end),
  );
  return `(${ranges.join(' OR ') || 'false'}) AND ${WINDOW_END} <= ${extent.through.watermarkMs * 1000}`;
}

const startOf = (start: PartitionOffsets, partition: number): number => start.get(partition) ?? 0;

const rangeOf = (partition: number, from: number, to: number): string =>
  `("partition" = ${partition} AND "offset" >= ${from} AND "offset" < ${to})`;
