import type { SinkFile } from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import { QUARANTINE, relationOf } from '../lake/file-source.ts';
import { HIDDEN, readableRows } from './readable-rows.ts';

/** The number of records in quarantine for a reason, with the newest of them. */
export interface RejectedReason {
  readonly reason: string;
  readonly rows: number;
  /** The description of the error in the newest of them, cut. Null where there is none. */
  readonly example: string | null;
  /** Its value, cut. Null for a tombstone. */
  readonly value: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** Characters of a value, and of a description, which may contain a part of the value. */
const LONGEST_EXAMPLE = 500;

/** Why records were rejected, the most frequent reason first. */
export async function rejectedReasons(
  database: Database,
  files: readonly SinkFile[],
): Promise<readonly RejectedReason[]> {
  if (files.length === 0) return [];
  const quarantine = await relationOf('quarantine', QUARANTINE, files);
  const rows = await readableRows(database, (hidden) => {
    const text = (column: string) => (hidden ? HIDDEN : `left(${column}, ${LONGEST_EXAMPLE})`);
    return `
      SELECT reason, n, e.detail, e.value, e."partition", e."offset" FROM (
        SELECT reason, count(*) AS n, max_by(
          {'detail': ${text('detail')}, 'value': ${text('bad_json')}, 'partition': "partition", 'offset': "offset"},
          {'at': bad_ingest_ts, 'offset': "offset", 'partition': "partition"}) AS e
        FROM (${quarantine}) GROUP BY reason)
      ORDER BY n DESC, reason`;
  });
  return rows.map(([reason, count, example = null, value = null, partition, offset]) => ({
    reason: String(reason),
    rows: Number(count),
    example: example === null ? null : String(example),
    value: value === null ? null : String(value),
    partition: Number(partition),
    offset: Number(offset),
  }));
}
