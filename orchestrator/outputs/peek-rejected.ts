import type { SinkFile } from './committed-files.ts';
import type { Database } from './duckdb/database.ts';
import { relationOf } from './duckdb/file-source.ts';
import { QUARANTINE } from './sink-columns.ts';

/** How many records quarantine has for a reason. */
export interface RejectedReason {
  readonly reason: string;
  readonly rows: number;
  /** In words what was wrong with the newest of them, cut; null where nothing is said. */
  readonly example: string | null;
}

/** A record's value may be a part of the words. */
const LONGEST_EXAMPLE = 500;

/** Why records were rejected, the commonest reason first. */
export async function rejectedReasons(
  database: Database,
  files: readonly SinkFile[],
): Promise<readonly RejectedReason[]> {
  if (files.length === 0) return [];
  const rows = await database.all(`
    SELECT reason, count(*) AS n, max_by(left(detail, ${LONGEST_EXAMPLE}), bad_ingest_ts)
    FROM (${await relationOf('quarantine', QUARANTINE, files)}) GROUP BY reason ORDER BY n DESC, reason`);
  return rows.map(([reason, count, example = null]) => ({
    reason: String(reason),
    rows: Number(count),
    example: example === null ? null : String(example),
  }));
}
