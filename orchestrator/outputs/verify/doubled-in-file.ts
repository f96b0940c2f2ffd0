import { type Database, sqlText } from '../duckdb/database.ts';
import { FILE, sourceOf } from '../duckdb/file-source.ts';
import type { LoadedSink } from '../duckdb/load-sink.ts';
import { isVanished } from '../duckdb/vanished.ts';
import type { DoubledWithinFile } from './compare-offsets.ts';
import type { DifferenceLog } from './difference.ts';
import { BUCKET_SIZE } from './offset-set.ts';
import type { LineageSink } from './survey-offsets.ts';

/** Looks up which offsets a file has more than once, and notes them. */
export async function noteDoubledInFiles(
  database: Database,
  doubled: readonly DoubledWithinFile[],
  loaded: ReadonlyMap<LineageSink, LoadedSink>,
  topic: string,
  log: DifferenceLog,
): Promise<void> {
  for (const place of doubled) {
    const offsets = await offsetsAt(database, place, loaded.get(place.sink), topic);
    const { sink, partition, bucket, batch, extraRows } = place;
    if (offsets.length === 0) {
      const [from, to] = [bucket * BUCKET_SIZE, bucket * BUCKET_SIZE + BUCKET_SIZE - 1];
      const detail = `${extraRows} rows too many among these offsets, in batch ${batch}; its file was pruned before it could be read again`;
      log.add({ kind: 'doubled', sink, partition, from, to, count: extraRows, detail });
    }
    for (const { offset, rows } of offsets) {
      const detail = `${rows} rows in the file of batch ${batch}`;
      log.add({ kind: 'doubled', sink, partition, from: offset, to: offset, count: rows - 1, detail });
    }
  }
}

async function offsetsAt(
  database: Database,
  { sink, partition, bucket, batch }: DoubledWithinFile,
  loaded: LoadedSink | undefined,
  topic: string,
): Promise<readonly { readonly offset: number; readonly rows: number }[]> {
  const files = (loaded?.files ?? []).filter((file) => file.batch === batch);
  const first = bucket * BUCKET_SIZE;
  try {
    const rows = await database.all(`
      SELECT "offset", count(*) FROM ${await sourceOf(sink, files)}
      WHERE topic = ${sqlText(topic)} AND "partition" = ${partition}
        AND "offset" >= ${first} AND "offset" < ${first + BUCKET_SIZE}
      GROUP BY ${FILE}, "offset" HAVING count(*) > 1 ORDER BY "offset"`);
    return rows.map(([offset, count]) => ({ offset: Number(offset), rows: Number(count) }));
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}
