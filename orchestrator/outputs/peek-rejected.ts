import type { SinkFile } from './committed-files.ts';
import type { Database } from './duckdb/database.ts';
import { relationOf } from './duckdb/file-source.ts';
import { SINK_COLUMNS } from './sink-columns.ts';

/** How many records quarantine has for a reason. */
export interface RejectedReason {
  readonly reason: string;
  readonly rows: number;
}

/** Why records were rejected, the commonest reason first. */
export async function rejectedReasons(
  database: Database,
  files: readonly SinkFile[],
): Promise<readonly RejectedReason[]> {
  if (files.length === 0) return [];
  const rows = await database.all(
    `SELECT reason, count(*) AS n FROM (${relationOf('quarantine', SINK_COLUMNS.quarantine, files)}) GROUP BY reason ORDER BY n DESC, reason`,
  );
  return rows.map(([reason, count]) => ({ reason: String(reason), rows: Number(count) }));
}
