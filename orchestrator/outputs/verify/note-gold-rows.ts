import type { Database } from '../duckdb/database.ts';
import type { GoldBatch } from '../gold-state.ts';
import type { DifferenceLog } from './difference.ts';
import { microseconds } from './load-gold.ts';

/**
 * Notes windows that are in gold twice, and windows in the file of a micro-batch whose watermark they outlast. Leaves the former in
 * the table `gold_doubled`.
 * @returns gold's rows
 */
export async function noteGoldRows(
  database: Database,
  goldBatches: readonly GoldBatch[],
  log: DifferenceLog,
): Promise<number> {
  await database.run(`
    CREATE TABLE gold_doubled AS
    SELECT card_id, window_start, count(*) AS rows, min(batch) AS first_batch, max(batch) AS last_batch
    FROM gold GROUP BY card_id, window_start HAVING count(*) > 1`);
  await note(
    database,
    'SELECT card_id, make_timestamp(window_start)::VARCHAR, rows, first_batch, last_batch FROM gold_doubled',
    ([card, start, rows, first, last]) => ({
      kind: 'gold-doubled',
      sink: 'gold',
      count: Number(rows) - 1,
      detail: `card ${JSON.stringify(card)}, window from ${start} UTC: ${rows} rows, in batches ${first} to ${last}`,
    }),
    log,
  );
  const watermarks = goldBatches.map(({ batch, watermarkMs }) => `(${batch}, ${microseconds(watermarkMs)})`);
  if (watermarks.length > 0) {
    await note(
      database,
      `SELECT card_id, make_timestamp(window_start)::VARCHAR, g.batch, coalesce(make_timestamp(nullif(w.watermark, ${microseconds(Number.NEGATIVE_INFINITY)}))::VARCHAR, 'none')
       FROM gold g JOIN (VALUES ${watermarks.join(', ')}) w(batch, watermark) ON w.batch = g.batch
       WHERE g.window_end > w.watermark`,
      ([card, start, batch, watermark]) => ({
        kind: 'gold-early',
        sink: 'gold',
        count: 1,
        detail: `card ${JSON.stringify(card)}, window from ${start} UTC, in batch ${batch} whose watermark was ${watermark}${watermark === 'none' ? '' : ' UTC'}`,
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
  const listed = (await database.all(`${statement} ORDER BY 2, 1 LIMIT 50`)).map(toDifference);
  for (const difference of listed) log.add(difference);
  const [first] = listed;
  if (first) log.addUnlisted(first, total - listed.length);
}
