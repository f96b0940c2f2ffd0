import { actualTable } from '../deep/load-actual.ts';
import { lastWindowStart, microseconds } from '../gold/gold-sql.ts';
import { EVENT_US } from '../gold/silver-rows.ts';
import type { GoldOutcome } from '../gold/verify-gold.ts';

/**
 * Each line with where its record is, what is to be said of it, and what a gold table made of it, in the last of its windows.
 * @param silverSql the expected silver rows as a relation
 */
export function keyVerdicts(gold: GoldOutcome | undefined, silverSql: string): string {
  const { windowUs, slideUs, keys } = gold?.sql ?? { windowUs: 1, slideUs: 1, keys: [] };
  const watermark = microseconds(gold?.reading.batches.at(-1)?.watermarkMs ?? 0);
  const start = lastWindowStart(slideUs, 'e.event_us');
  const keyed = keys.map(({ column, select }) => `, ${select} AS ${column}`).join('');
  const kept = keys.map(({ column }) => `, e.${column}`).join('');
  const wrong =
    gold === undefined
      ? '(SELECT NULL::BIGINT AS window_start WHERE false)'
      : '(SELECT DISTINCT * FROM gold_wrong)';
  const ofWindow = ['window_start', ...keys.map(({ column }) => column)]
    .map((name) => `w.${name} IS NOT DISTINCT FROM r.${name}`)
    .join(' AND ');
  const rules =
    gold === undefined
      ? '(SELECT NULL AS file, NULL AS late_us, NULL AS open_us WHERE false)'
      : '(SELECT f.file, late_us, open_us FROM gold_files f JOIN gold_rules USING (log_offset))';
  return `
    SELECT *, CASE
      WHEN committed IS NULL OR "offset" >= committed THEN 'pending'
      WHEN "offset" < kept AND NOT in_silver AND NOT in_quarantine THEN 'pruned'
      WHEN sink = 'silver' AND NOT in_silver OR sink = 'quarantine' AND NOT in_quarantine THEN 'elsewhere'
      WHEN in_silver AND in_quarantine THEN 'in both'
      WHEN reason <> actual_reason THEN 'other reason'
      WHEN sink = 'silver' AND identity IS DISTINCT FROM actual_identity AND identity IS NOT NULL THEN 'other identity'
      WHEN sink = 'silver' AND first_offset IS NOT NULL AND first_identity IS DISTINCT FROM actual_identity THEN 'no duplicate'
      WHEN sink = 'silver' AND event_us IS NOT NULL AND event_us IS DISTINCT FROM actual_us THEN 'other event time'
      WHEN sink = 'silver' AND wrong_window THEN 'wrong window'
      ELSE 'found' END AS verdict,
      CASE WHEN NOT in_silver OR actual_us IS NULL THEN NULL
        WHEN window_start + ${windowUs} > ${watermark} THEN 'open' ELSE rule_fate END AS fate
    FROM (
      SELECT r.*, CASE
          WHEN r.window_start + ${windowUs} <= l.late_us THEN 'late'
          WHEN r.window_start + ${windowUs} > l.open_us THEN 'read'
          ELSE 'unknown' END AS rule_fate,
        w.window_start IS NOT NULL AS wrong_window
      FROM (
        SELECT k.*, b.kept, b.committed, s."offset" IS NOT NULL AS in_silver, q."offset" IS NOT NULL AS in_quarantine,
          coalesce(q.reason, 0) AS actual_reason, t.identity AS actual_identity, f.identity AS first_identity,
          e.event_us AS actual_us${kept}, ${start} AS window_start, n.file
        FROM answer_key k
        LEFT JOIN key_bounds b ON b.partition = k.partition AND b.sink = k.sink
        LEFT JOIN (SELECT DISTINCT partition, "offset" FROM ${actualTable('silver')}) s ON s.partition = k.partition AND s."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(reason) AS reason FROM ${actualTable('quarantine')} GROUP BY 1, 2) q
          ON q.partition = k.partition AND q."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(identity) AS identity FROM key_identities GROUP BY 1, 2) t
          ON t.partition = k.partition AND t."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(identity) AS identity FROM key_identities GROUP BY 1, 2) f
          ON f.partition = k.first_partition AND f."offset" = k.first_offset
        LEFT JOIN (SELECT partition, "offset", ${EVENT_US} AS event_us${keyed} FROM ${silverSql}) e ON e.partition = k.partition AND e."offset" = k."offset"
        ASOF LEFT JOIN file_ends n ON n.partition = k.partition AND k."offset" < n.end_offset) r
      LEFT JOIN ${rules} l ON l.file = r.file
      LEFT JOIN ${wrong} w ON ${ofWindow})`;
}
