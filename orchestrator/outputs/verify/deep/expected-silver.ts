import type { SilverRows } from '../gold/silver-rows.ts';
import { EXPECTED_SILVER_SQL } from './expected-rows.ts';
import type { LoadedTopic } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

/** Columns of the expected rows that are there as values, not as a digest. */
const COLUMNS: ReadonlySet<string> = new Set(['card_id', 'amount']);

/**
 * The silver rows that the topic's records give, for gold to be compared with. Needs the table `batch_ends`.
 * @param unknownThrough the last micro-batch of those that have the batch -1
 */
export function silverOfRecords(
  { ranges, incomplete }: LoadedTopic,
  unknownThrough: number | undefined,
): SilverRows {
  return {
    isPartial: (batch) => incomplete || batch <= (unknownThrough ?? -1),
    has: (column) => COLUMNS.has(column),
    ...(unknownThrough !== undefined && { batchesUnknownThrough: unknownThrough }),
    async insert(database, statement) {
      for (const slice of slicesOf(ranges)) {
        await database.run(
          statement(`(
            SELECT e.*, b.batch FROM (SELECT * FROM ${EXPECTED_SILVER_SQL} WHERE ${inSlice(slice)}) e
            ASOF JOIN batch_ends b ON b.partition = e.partition AND e."offset" < b.end_offset)`),
        );
      }
    },
  };
}
