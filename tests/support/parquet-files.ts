import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The names of a sink's Parquet files; none where the sink has no folder yet. */
export function parquetFiles(outputPath: string, sink: string): readonly string[] {
  const folder = join(outputPath, sink);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.parquet')) : [];
}
