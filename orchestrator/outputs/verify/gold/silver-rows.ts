import type { Pipeline } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import { NUMBER_OF_FILE } from '../../duckdb/file-source.ts';
import { loadSink } from '../../duckdb/load-sink.ts';
import { columnsOfOutput } from '../../sink-columns.ts';
import { batchOfFileNumber } from '../../sinks.ts';
import type { NewestEvents } from './gold-batches.ts';

/** Columns beside silver's own, whose names no field can have. */
export const EVENT_US = '"#event_us"';
export const SILVER_FILE = '"#silver_file"';

/** Where the rows come from that gold is compared with: silver's files, or what the topic's records give. */
export interface SilverRows {
  /** Silver's files of which not every row is there; absent: those of which there is none. */
  readonly isPartial?: (file: number) => boolean;
  /**
   * Runs a statement over all rows, in parts of bounded size.
   * @param statement takes a relation with silver's columns, EVENT_US (Unix microseconds) and SILVER_FILE, the number of silver's
   *   file (see `fileNumber`); -1 where only a bound of it is known: up to micro-batch `batchesUnknownThrough`
   */
  insert(database: Database, statement: (relation: string) => string): Promise<void>;
  /** Rows of micro-batches up to this one have the file -1; absent where every row has its own. */
  readonly batchesUnknownThrough?: number;
}

/**
 * The rows of silver's files.
 * @param files the numbers of silver's files that gold has read
 */
export function silverOfFiles(outputPath: string, pipeline: Pipeline, files: Iterable<number>): SilverRows {
  const through = Math.max(-1, ...[...files].map(batchOfFileNumber));
  return {
    async insert(database, statement) {
      await loadSink(database, {
        outputPath,
        through,
        sink: 'silver',
        columns: columnsOfOutput(pipeline, 'silver'),
        insert: (source) =>
          statement(
            `(SELECT *, epoch_us(event_time) AS ${EVENT_US}, ${NUMBER_OF_FILE} AS ${SILVER_FILE} FROM ${source})`,
          ),
      });
    },
  };
}

/** The newest event time (Unix ms) of each of silver's files. */
export async function newestEvents(database: Database, silver: SilverRows): Promise<NewestEvents> {
  await database.run('CREATE OR REPLACE TABLE file_newest (file BIGINT, event_us BIGINT)');
  await silver.insert(
    database,
    (relation) =>
      `INSERT INTO file_newest SELECT ${SILVER_FILE}, max(${EVENT_US}) FROM ${relation} GROUP BY ${SILVER_FILE}`,
  );
  const rows = await database.all('SELECT file, max(event_us) FROM file_newest GROUP BY 1');
  const byFile = new Map(rows.map(([file, us]) => [Number(file), wholeMs(us as bigint)]));
  // A file has rows: one without any is not there or cannot be read.
  return { byFile, isPartial: silver.isPartial ?? ((file) => !byFile.has(file)) };
}

/** Microseconds as milliseconds, cut towards the past. */
function wholeMs(us: bigint): number {
  return Number((us - (((us % 1000n) + 1000n) % 1000n)) / 1000n);
}
