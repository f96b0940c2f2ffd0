import type { SilverRows } from '../load-gold.ts';
import { EXPECTED_SILVER_SQL } from './expected-rows.ts';
import type { LoadedTopic } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

/** The silver rows that the topic's records give, for gold to be compared with. */
export function silverOfRecords({ ranges, incomplete }: LoadedTopic): SilverRows {
  return {
    async insert(database, statement) {
      for (const slice of slicesOf(ranges)) {
        await database.run(statement(`(SELECT * FROM ${EXPECTED_SILVER_SQL} WHERE ${inSlice(slice)})`));
      }
      return { incomplete };
    },
  };
}
