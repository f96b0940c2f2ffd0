import type { Database } from '../../duckdb/database.ts';
import type { GoldBatch } from '../../gold-checkpoint.ts';
import type { DifferenceLog } from '../difference.ts';
import { windowText } from './compare-gold.ts';
import { type GoldSql, microseconds } from './gold-sql.ts';

/**
 * Notes windows that are in gold twice, and windows in the file of a micro-batch whose watermark they outlast. Leaves the former in
 * the table `gold_doubled`.
 * @returns gold's rows
 */
export async function noteGoldRows(
  database: Database,
  sql: GoldSql,
  batches: readonly GoldBatch[],
  log: DifferenceLog,
): Promise<number> {
  const { keys, windowUs, table } = sql;
  const columns = keys.map(({ column }) => column);
  const names = ['window_start', ...columns].join(', ');
  const texts = ['window_start', ...columns.map((column) => `${column}::VARCHAR`)].join(', ');
  await database.run(`
    CREATE OR REPLACE TABLE gold_doubled AS
    SELECT ${names}, count(*) AS rows, min(batch) AS first_batch, max(batch) AS last_batch
    FROM gold GROUP BY ${names} HAVING count(*) > 1`);
  await note(
    database,
    `SELECT make_timestamp(window_start)::VARCHAR AS start, rows, first_batch, last_batch, ${texts} FROM gold_doubled`,
    ([start, rows, first, last, , ...cells]) => ({
      kind: 'gold-doubled',
      sink: table.name,
      count: Number(rows) - 1,
      detail: `${windowText(sql, cells, start)}: ${rows} rows, in batches ${first} to ${last}`,
    }),
    log,
  );
  const watermarks = batches.map(({ batch, watermarkMs }) => `(${batch}, ${microseconds(watermarkMs)})`);
  if (watermarks.length > 0) {
    await note(
      database,
      `SELECT make_timestamp(window_start)::VARCHAR AS start, g.batch, make_timestamp(nullif(w.watermark, 0))::VARCHAR, ${texts}
       FROM gold g JOIN (VALUES ${watermarks.join(', ')}) w(batch, watermark) ON w.batch = g.batch
       WHERE g.window_start + ${windowUs} > w.watermark`,
      ([start, batch, watermark, , ...cells]) => ({
        kind: 'gold-early',
        sink: table.name,
        count: 1,
        detail: `${windowText(sql, cells, start)}, in batch ${batch} whose watermark was ${watermark === null ? 'none' : `${watermark} UTC`}`,
      }),
      log,
    );
  }
  const [row] = await database.all('SELECT count(*) FROM gold');
  return Number(row?.[0] ?? 0);
}

/** Counts all rows of a statement as differences, and fetches the first. */
async function note(
  database: Database,
  statement: string,
  toDifference: (row: Awaited<ReturnType<Database['all']>>[number]) => Parameters<DifferenceLog['add']>[0],
  log: DifferenceLog,
): Promise<void> {
  const [counted] = await database.all(`SELECT count(*) FROM (${statement})`);
  const total = Number(counted?.[0] ?? 0);
  if (total === 0) return;
  const listed = (await database.all(`${statement} ORDER BY ALL LIMIT 50`)).map(toDifference);
  for (const difference of listed) log.add(difference);
  const [first] = listed;
  if (first) log.addUnlisted(first, total - listed.length);
}
