import type { Database } from '../../duckdb/database.ts';
import type { DifferenceLog } from '../difference.ts';
import { RangeBuilder } from '../offset-set.ts';
import type { NotCompared } from '../verify-report.ts';
import { actualTable } from './load-actual.ts';
import type { LoadedTopic } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

/**
 * Looks for rows of bronze whose offset holds no record: of an aborted transaction they are a difference; what compaction removed
 * after it was read cannot be compared any more. A topic of which every offset is a record costs nothing.
 */
export async function noteWithoutRecord(
  database: Database,
  { ranges, compacted, aborted }: Pick<LoadedTopic, 'ranges' | 'compacted' | 'aborted'>,
  log: DifferenceLog,
): Promise<readonly NotCompared[]> {
  if (compacted === 0 && aborted.length === 0) return [];
  await database.run('CREATE TABLE aborted (partition INTEGER, from_offset BIGINT, to_offset BIGINT)');
  await database.append('aborted', [
    { type: 'INTEGER', values: aborted.map(({ partition }) => partition) },
    { type: 'BIGINT', values: aborted.map(({ from }) => BigInt(from)) },
    { type: 'BIGINT', values: aborted.map(({ to }) => BigInt(to)) },
  ]);
  let gone = 0;
  for (const slice of slicesOf(ranges)) {
    const { partition } = slice;
    const noted = new RangeBuilder((from, to) => {
      log.add({ kind: 'aborted', sink: 'bronze', partition, from, to: to - 1, count: to - from });
    });
    const rows = database.rows(`
      SELECT u."offset", a.to_offset IS NOT NULL AND u."offset" < a.to_offset FROM (
        SELECT DISTINCT partition, "offset" FROM ${actualTable('bronze')} b WHERE ${inSlice(slice, 'b')}
          AND NOT EXISTS (SELECT 1 FROM expected e WHERE ${inSlice(slice, 'e')} AND e."offset" = b."offset")) u
      ASOF LEFT JOIN aborted a ON a.partition = u.partition AND u."offset" >= a.from_offset
      ORDER BY u."offset"`);
    for await (const [offset, isAborted] of rows) {
      if (isAborted === true) noted.addRange(Number(offset), Number(offset) + 1);
      else gone += 1;
    }
    noted.end();
  }
  if (gone === 0) return [];
  const reason = 'compaction has removed their records from the topic since they were read';
  return [{ sink: 'bronze', reason, count: gone }];
}
