import { batchOfFileNumber } from '../../sinks.ts';
import { SILVER_FILE, type SilverRows } from '../gold/silver-rows.ts';
import type { ExpectedTable } from './expected-rows.ts';
import type { LoadedTopic } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

/**
 * The silver rows that the topic's records give, for gold to be compared with. Needs the table `file_ends`.
 * @param unknownThrough the last micro-batch of those that have the file -1
 */
export function silverOfRecords(
  { ranges, incomplete }: LoadedTopic,
  { silverSql }: ExpectedTable,
  unknownThrough: number | undefined,
): SilverRows {
  return {
    isPartial: (file) => incomplete || batchOfFileNumber(file) <= (unknownThrough ?? -1),
    ...(unknownThrough !== undefined && { batchesUnknownThrough: unknownThrough }),
    async insert(database, statement) {
      for (const slice of slicesOf(ranges)) {
        await database.run(
          statement(`(
            SELECT e.*, b.file AS ${SILVER_FILE} FROM (SELECT * FROM ${silverSql} WHERE ${inSlice(slice)}) e
            ASOF JOIN file_ends b ON b.partition = e.partition AND e."offset" < b.end_offset)`),
        );
      }
    },
  };
}
