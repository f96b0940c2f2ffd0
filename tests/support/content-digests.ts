import { join } from 'node:path';
import { query } from './query.ts';

/**
 * The sinks of `ingest` as SQL that does not depend on when a record was sent. Gold depends on which
 * records share a micro-batch, because that decides which rows are late.
 */
const CONTENT: Readonly<Record<string, (folder: string) => string>> = {
  bronze: (folder) => `SELECT * EXCLUDE (kafka_ts) FROM read_parquet('${join(folder, '*.parquet')}')`,
  silver: (folder) => `SELECT * EXCLUDE (kafka_ts) FROM read_parquet('${join(folder, '*.parquet')}')`,
  quarantine: (folder) =>
    `SELECT * EXCLUDE (bad_ingest_ts) FROM read_parquet('${join(folder, '*.parquet')}')`,
  raw_csv: (folder) => `FROM read_csv('${join(folder, '*.csv')}', header = true, all_varchar = true)`,
};

/** SHA-256 of each sink's rows, whatever files they are in. */
export async function contentDigests(outputPath: string): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {};
  for (const [sink, select] of Object.entries(CONTENT)) {
    const [row] = await query(`
      SELECT sha256(string_agg(digest, '' ORDER BY digest)) AS digest
      FROM (SELECT sha256(to_json(content)::VARCHAR) AS digest FROM (${select(join(outputPath, sink))}) content)`);
    digests[sink] = String(row?.['digest']);
  }
  return digests;
}
