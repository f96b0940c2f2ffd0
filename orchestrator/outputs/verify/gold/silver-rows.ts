import type { Pipeline } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import { BATCH_OF_FILE } from '../../duckdb/file-source.ts';
import { loadSink } from '../../duckdb/load-sink.ts';
import { columnsOfOutput } from '../../sink-columns.ts';
import type { NewestEvents } from './gold-batches.ts';

/** Columns beside silver's own, whose names no field can have. */
export const EVENT_US = '"#event_us"';
export const BATCH = '"#batch"';

/** Where the rows come from that gold is compared with: silver's files, or what the topic's records give. */
export interface SilverRows {
  /** Silver's micro-batches of which not every row is there; absent: those of which there is none. */
  readonly isPartial?: (batch: number) => boolean;
  /**
   * Runs a statement over all rows, in parts of bounded size.
   * @param statement takes a relation with silver's columns, EVENT_US (Unix microseconds) and BATCH, silver's micro-batch;
   *   -1 where only a bound of it is known: up to `batchesUnknownThrough`
   */
  insert(database: Database, statement: (relation: string) => string): Promise<void>;
  /** Rows of micro-batches up to this one have the batch -1; absent where every row has its own. */
  readonly batchesUnknownThrough?: number;
}

/**
 * The rows of silver's files.
 * @param batches silver's micro-batches that gold has read
 */
export function silverOfFiles(outputPath: string, pipeline: Pipeline, batches: Iterable<number>): SilverRows {
  const through = Math.max(-1, ...batches);
  return {
    async insert(database, statement) {
      await loadSink(database, {
        outputPath,
        through,
        sink: 'silver',
        columns: columnsOfOutput(pipeline, 'silver'),
        insert: (source) =>
          statement(
            `(SELECT *, epoch_us(event_time) AS ${EVENT_US}, ${BATCH_OF_FILE} AS ${BATCH} FROM ${source})`,
          ),
      });
    },
  };
}

/** The newest event time (Unix ms) of each of silver's micro-batches. */
export async function newestEvents(database: Database, silver: SilverRows): Promise<NewestEvents> {
  await database.run('CREATE OR REPLACE TABLE batch_newest (batch BIGINT, event_us BIGINT)');
  await silver.insert(
    database,
    (relation) =>
      `INSERT INTO batch_newest SELECT ${BATCH}, max(${EVENT_US}) FROM ${relation} GROUP BY ${BATCH}`,
  );
  const rows = await database.all('SELECT batch, max(event_us) FROM batch_newest GROUP BY 1');
  const byBatch = new Map(rows.map(([batch, us]) => [Number(batch), wholeMs(us as bigint)]));
  // A file has rows: of a batch without any, the file is not there or cannot be read.
  return { byBatch, isPartial: silver.isPartial ?? ((batch) => !byBatch.has(batch)) };
}

/** Microseconds as milliseconds, cut towards the past. */
function wholeMs(us: bigint): number {
  return Number((us - (((us % 1000n) + 1000n) % 1000n)) / 1000n);
}
