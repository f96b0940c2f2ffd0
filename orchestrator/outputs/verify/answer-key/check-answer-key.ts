import type { Checkpoint } from '../../checkpoint.ts';
import type { Cell, Database } from '../../duckdb/database.ts';
import { QUARANTINE_REASONS } from '../../expected/quarantine-reason.ts';
import type { GoldBatch } from '../../gold-state.ts';
import { readPruneLedger } from '../../prune-ledger.ts';
import type { PartitionState } from '../compare-topic.ts';
import { actualTable } from '../deep/load-actual.ts';
import type { DifferenceLog } from '../difference.ts';
import { goldExtent } from '../gold-extent.ts';
import { createLateRules, FATE } from '../late-rules.ts';
import { microseconds, WINDOW_START } from '../load-gold.ts';
import type { AnswerKeyReport, FaultReport } from '../verify-report.ts';
import { loadAnswerKey } from './load-answer-key.ts';

export interface KeyCheck {
  readonly file: string;
  readonly outputPath: string;
  readonly checkpoint: Checkpoint;
  readonly states: readonly PartitionState[];
  readonly batches: readonly GoldBatch[];
}

/** Differences that are listed; the others are counted. */
const LISTED = 50;

/**
 * Checks that each record of an answer key landed in the sink and with the reason that the key says, silver rows with its txn_id and
 * event time. Of silver rows it tells what gold made of them; that their windows are right is part of the check.
 *
 * Needs the tables `expected`, `actual_…` and `gold_wrong`.
 * @throws ProductError ANSWER_KEY_INVALID
 */
export async function checkAnswerKey(
  database: Database,
  check: KeyCheck,
  log: DifferenceLog,
): Promise<AnswerKeyReport> {
  const through = check.checkpoint.committed?.batch ?? -1;
  const lines = await loadAnswerKey(database, { ...check, through });
  await createBounds(database, check);
  const extent = goldExtent(check.checkpoint, check.batches);
  const rules = extent ?? { through: NO_BATCH, start: new Map(), batches: [] };
  await createLateRules(database, rules);
  await database.run(`CREATE TABLE key_verdicts AS ${verdicts(rules.through.watermarkMs)}`);
  await noteUnfulfilled(database, log);
  const faults = await database.all(`
    SELECT fault, count(*), count(*) FILTER (verdict = 'found'), count(*) FILTER (verdict = 'pending'),
      count(*) FILTER (verdict = 'pruned'), count(*) FILTER (fate = 'late'), count(*) FILTER (fate = 'read'),
      count(*) FILTER (fate = 'open'), count(*) FILTER (fate = 'unknown')
    FROM key_verdicts GROUP BY 1 ORDER BY 1`);
  return { file: check.file, lines, faults: faults.map(faultReport) };
}

const NO_BATCH: GoldBatch = {
  batch: -1,
  topic: '',
  end: new Map(),
  plannedAtMs: 0,
  watermarkMs: Number.NEGATIVE_INFINITY,
};

function faultReport(row: readonly Cell[]): FaultReport {
  const [fault, ...counts] = row;
  const [
    expected = 0,
    found = 0,
    pending = 0,
    pruned = 0,
    dropped = 0,
    counted = 0,
    open = 0,
    undecided = 0,
  ] = counts.map(Number);
  const gold = { dropped, counted, open, undecided };
  return { fault: String(fault), expected, found, pending, pruned, gold };
}

/** Where each partition's committed records end, and where what is left of each sink begins. */
async function createBounds(database: Database, { outputPath, states }: KeyCheck): Promise<void> {
  await database.run(
    'CREATE TABLE key_bounds (sink VARCHAR, partition INTEGER, kept BIGINT, committed BIGINT)',
  );
  for (const sink of ['silver', 'quarantine'] as const) {
    const ledger = await readPruneLedger(outputPath, sink);
    const left = new Map(
      ledger &&
        (
          await database.all(`SELECT partition, min("offset") FROM ${actualTable(sink)}
            WHERE batch > ${ledger.throughBatch} GROUP BY 1`)
        ).map(([partition, offset]) => [Number(partition), Number(offset)]),
    );
    for (const { partition, start, committed } of states) {
      const kept = ledger ? (ledger.keptFrom?.get(partition) ?? left.get(partition) ?? committed) : start;
      await database.run(`INSERT INTO key_bounds VALUES ('${sink}', ${partition}, ${kept}, ${committed})`);
    }
  }
}

/** Each line with where its record is, what is to be said of it, and what gold made of it. */
function verdicts(watermarkMs: number): string {
  const watermark = microseconds(watermarkMs);
  return `
    SELECT *, CASE
      WHEN committed IS NULL OR "offset" >= committed THEN 'pending'
      WHEN "offset" < kept AND NOT in_silver AND NOT in_quarantine THEN 'pruned'
      WHEN sink = 'silver' AND NOT in_silver OR sink = 'quarantine' AND NOT in_quarantine THEN 'elsewhere'
      WHEN in_silver AND in_quarantine THEN 'in both'
      WHEN reason <> actual_reason THEN 'other reason'
      WHEN sink = 'silver' AND txn_id IS DISTINCT FROM actual_txn AND txn_id IS NOT NULL THEN 'other txn_id'
      WHEN sink = 'silver' AND first_offset IS NOT NULL AND first_txn IS DISTINCT FROM actual_txn THEN 'no duplicate'
      WHEN sink = 'silver' AND event_us IS NOT NULL AND event_us IS DISTINCT FROM actual_us THEN 'other event time'
      WHEN sink = 'silver' AND wrong_window THEN 'wrong window'
      ELSE 'found' END AS verdict,
      CASE WHEN NOT in_silver OR actual_us IS NULL THEN NULL
        WHEN window_start + 60000000 > ${watermark} THEN 'open' ELSE rule_fate END AS fate
    FROM (
      SELECT r.*, l.end_offset, CASE WHEN l.end_offset IS NULL THEN 'unknown' ELSE ${FATE} END AS rule_fate,
        w.card_id IS NOT NULL AS wrong_window
      FROM (
        SELECT k.*, b.kept, b.committed, s."offset" IS NOT NULL AS in_silver, q."offset" IS NOT NULL AS in_quarantine,
          coalesce(q.reason, 0) AS actual_reason, t.txn_id AS actual_txn, f.txn_id AS first_txn,
          e.event_us AS actual_us, e.card_id, ${WINDOW_START.replaceAll('event_us', 'e.event_us')} AS window_start
        FROM answer_key k
        LEFT JOIN key_bounds b ON b.partition = k.partition AND b.sink = k.sink
        LEFT JOIN (SELECT DISTINCT partition, "offset" FROM ${actualTable('silver')}) s ON s.partition = k.partition AND s."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(reason) AS reason FROM ${actualTable('quarantine')} GROUP BY 1, 2) q
          ON q.partition = k.partition AND q."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(txn_id) AS txn_id FROM key_txns GROUP BY 1, 2) t
          ON t.partition = k.partition AND t."offset" = k."offset"
        LEFT JOIN (SELECT partition, "offset", any_value(txn_id) AS txn_id FROM key_txns GROUP BY 1, 2) f
          ON f.partition = k.first_partition AND f."offset" = k.first_offset
        LEFT JOIN expected e ON e.partition = k.partition AND e."offset" = k."offset") r
      ASOF LEFT JOIN late_rules l ON l.partition = r.partition AND r."offset" < l.end_offset
      LEFT JOIN (SELECT DISTINCT card_id, window_start FROM gold_wrong) w
        ON w.card_id = r.card_id AND w.window_start = r.window_start)`;
}

async function noteUnfulfilled(database: Database, log: DifferenceLog): Promise<void> {
  const rows = database.rows(`
    SELECT line, partition, "offset", fault, sink, reason, in_silver, in_quarantine, actual_reason, verdict, txn_id, actual_txn,
      first_partition, first_offset, count(*) OVER () AS unfulfilled
    FROM key_verdicts WHERE verdict NOT IN ('found', 'pending', 'pruned') ORDER BY line LIMIT ${LISTED}`);
  let listed = 0;
  let all = 0;
  for await (const row of rows) {
    const [line, partition, offset, fault, sink, reason, inSilver, inQuarantine, actualReason, verdict] = row;
    const [txn, actualTxn, firstPartition, firstOffset, total] = row.slice(10);
    const meant = `line ${line}, ${fault}, should be in ${place(sink === 'silver', sink === 'quarantine', reason)}`;
    const is = `it is in ${place(inSilver === true, inQuarantine === true, actualReason)}`;
    const why: Readonly<Record<string, string>> = {
      'other txn_id': `its txn_id is ${JSON.stringify(actualTxn)}, not ${JSON.stringify(txn)}`,
      'no duplicate': `the record it should repeat, partition ${firstPartition}, offset ${firstOffset}, has not its txn_id in silver`,
      'other event time': 'its event time is another than that of the key',
      'wrong window': 'its window in gold is not what the watermark gives',
    };
    const detail = `${meant}: ${why[String(verdict)] ?? is}`;
    const at = Number(offset);
    const difference = {
      kind: 'key-unfulfilled',
      sink: sink === 'silver' ? 'silver' : 'quarantine',
    } as const;
    log.add({ ...difference, partition: Number(partition), from: at, to: at, count: 1, detail });
    listed += 1;
    all = Number(total);
  }
  log.addUnlisted({ kind: 'key-unfulfilled', sink: 'silver' }, all - listed);
}

function place(silver: boolean, quarantine: boolean, reason: Cell | undefined): string {
  const as = `quarantine as ${QUARANTINE_REASONS[Number(reason) - 1] ?? 'a reason that is none'}`;
  if (silver) return quarantine ? `silver and ${as}` : 'silver';
  return quarantine ? as : 'neither';
}
