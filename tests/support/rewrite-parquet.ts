import { rename } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

const writer = DuckDBInstance.create(':memory:').then((instance) => instance.connect());

/**
 * Replaces a Parquet file by the result of a query over its rows. Columns that the query only
 * passes on keep their types.
 * @param select receives the relation of the file's rows
 */
export async function rewriteParquet(path: string, select: (rows: string) => string): Promise<void> {
  const draft = `${path}.draft`;
  const connection = await writer;
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(`COPY (${select(`read_parquet('${path}')`)}) TO '${draft}' (FORMAT parquet)`);
  await rename(draft, path);
}
