import type { Database } from '../duckdb/database.ts';
import type { GoldBatch } from '../gold-state.ts';
import type { GoldExtent } from './gold-extent.ts';
import { microseconds } from './load-gold.ts';

/** What decides whether a record was late: known for a record from its offset. */
interface LateRule {
  readonly partition: number;
  /** Records below it, and not below that of an earlier rule, were read by this micro-batch. */
  readonly endOffset: number;
  /** Windows that end at or before it were closed to this micro-batch: their records were dropped. */
  readonly certainlyLateMs: number;
  /** Windows that end after it were open. Between the two it cannot be known: the checkpoint no longer tells the micro-batch. */
  readonly certainlyOpenMs: number;
}

/**
 * The rules by which late records are dropped: a micro-batch drops those whose window ends at or before the watermark that the
 * micro-batch before it has left. Of records read before the oldest micro-batch that is known, only a bound is known: watermarks never fall.
 */
function lateRules(extent: GoldExtent): readonly LateRule[] {
  const rules: LateRule[] = [];
  let before: GoldBatch | undefined;
  for (const batch of extent.batches) {
    for (const [partition, endOffset] of batch.end) {
      // A micro-batch without records in this partition adds no rule to it.
      if (before && (before.end.get(partition) ?? 0) >= endOffset) continue;
      const known = before !== undefined || batch.batch === 0;
      const lateMs = before?.watermarkMs ?? Number.NEGATIVE_INFINITY;
      rules.push({
        partition,
        endOffset,
        certainlyLateMs: known ? lateMs : Number.NEGATIVE_INFINITY,
        certainlyOpenMs: known ? lateMs : batch.watermarkMs,
      });
    }
    before = batch;
  }
  return rules;
}

/** Rules that are written by one statement. */
const AT_ONCE = 1000;

/** Puts the rules into the table `late_rules`: a row belongs to the first of its partition with a larger `end_offset`. */
export async function createLateRules(database: Database, extent: GoldExtent): Promise<void> {
  await database.run(
    'CREATE OR REPLACE TABLE late_rules (partition INTEGER, end_offset BIGINT, late_us BIGINT, open_us BIGINT)',
  );
  const values = lateRules(extent).map(
    ({ partition, endOffset, certainlyLateMs, certainlyOpenMs }) =>
      `(${partition}, ${endOffset}, ${microseconds(certainlyLateMs)}, ${microseconds(certainlyOpenMs)})`,
  );
  for (let from = 0; from < values.length; from += AT_ONCE) {
    await database.run(`INSERT INTO late_rules VALUES ${values.slice(from, from + AT_ONCE).join(', ')}`);
  }
}

/** Whether gold dropped the row `r` (with its `window_start`) as late or read it, by its rule `l`, as SQL. */
export const FATE = `CASE
  WHEN r.window_start + 60000000 <= l.late_us THEN 'late'
  WHEN r.window_start + 60000000 > l.open_us THEN 'read'
  ELSE 'unknown' END`;
