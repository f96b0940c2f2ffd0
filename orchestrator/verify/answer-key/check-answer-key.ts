import type { Checkpoint } from '../../lake/checkpoint.ts';
import { readPruneLedger } from '../../lake/committed-files.ts';
import type { Cell, Database } from '../../lake/database.ts';
import { batchOfFileNumberSql } from '../../lake/sinks.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { actualTable } from '../deep/load-actual.ts';
import { EVENT_US } from '../gold/gold-batches.ts';
import { lastWindowStart, microseconds } from '../gold/gold-sql.ts';
import type { GoldOutcome } from '../gold/verify-gold.ts';
import type { PartitionState } from '../lineage.ts';
import type { AnswerKeyReport, DifferenceLog, FaultReport } from '../report.ts';
import { type KeyForm, keyFields, loadAnswerKey } from './load-answer-key.ts';

export interface KeyCheck {
  readonly file: string;
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  /** Every reason of quarantine. */
  readonly reasons: readonly string[];
  /** The expected silver rows as a relation. */
  readonly silverSql: string;
  readonly checkpoint: Checkpoint;
  readonly states: readonly PartitionState[];
  /** The gold table that shows the outcome of silver rows, if the pipeline has one. */
  readonly gold: GoldOutcome | undefined;
}

/** Differences that are listed. Further ones are only counted. */
const LISTED = 50;

/**
 * Checks that each record of an answer key landed in the sink and with the reason that the key
 * names. Silver rows are identified as `describedFields` says, and by their event time. For silver
 * rows the result shows what gold made of them; the check includes that their windows are right.
 * It needs the tables `expected`, `actual_…`, `file_ends` and those of the gold table:
 * `gold_files`, `gold_rules`, `gold_wrong`.
 * @throws ProductError ANSWER_KEY_INVALID
 */
export async function checkAnswerKey(
  database: Database,
  check: KeyCheck,
  log: DifferenceLog,
): Promise<AnswerKeyReport> {
  const through = check.checkpoint.committed?.batch ?? -1;
  const form = { reasons: check.reasons, fields: keyFields(check.pipeline) };
  const { lines, unplaced } = await loadAnswerKey(database, { ...check, form, through });
  await createBounds(database, check);
  await database.run(`CREATE TABLE key_verdicts AS ${keyVerdicts(check.gold, check.silverSql)}`);
  await noteUnfulfilled(database, form, log);
  const faults = await database.all(`
    SELECT fault, count(*), count(*) FILTER (verdict = 'found'), count(*) FILTER (verdict = 'pending'),
      count(*) FILTER (verdict = 'pruned'), count(*) FILTER (outcome = 'late'), count(*) FILTER (outcome = 'read'),
      count(*) FILTER (outcome = 'open'), count(*) FILTER (outcome = 'unknown')
    FROM key_verdicts GROUP BY 1 ORDER BY 1`);
  return { file: check.file, lines, unplaced, faults: faults.map(faultReport) };
}

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

/**
 * Where each partition's committed records end, and where the remaining records of each sink begin.
 */
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
            WHERE ${batchOfFileNumberSql('file')} > ${ledger.throughBatch} GROUP BY 1`)
        ).map(([partition, offset]) => [Number(partition), Number(offset)]),
    );
    for (const { partition, start, committed } of states) {
      const kept = ledger ? (ledger.keptFrom?.get(partition) ?? left.get(partition) ?? committed) : start;
      await database.run(`INSERT INTO key_bounds VALUES ('${sink}', ${partition}, ${kept}, ${committed})`);
    }
  }
}

async function noteUnfulfilled(
  database: Database,
  { reasons, fields: { identity } }: KeyForm,
  log: DifferenceLog,
): Promise<void> {
  const place = (silver: boolean, quarantine: boolean, reason: Cell | undefined): string => {
    const as = `quarantine as ${reasons[Number(reason) - 1] ?? 'a reason that is none'}`;
    if (silver) return quarantine ? `silver and ${as}` : 'silver';
    return quarantine ? as : 'neither';
  };
  const rows = database.rows(`
    SELECT line, partition, "offset", fault, sink, reason, in_silver, in_quarantine, actual_reason, verdict, identity, actual_identity,
      first_partition, first_offset, count(*) OVER () AS unfulfilled
    FROM key_verdicts WHERE verdict NOT IN ('found', 'pending', 'pruned') ORDER BY line LIMIT ${LISTED}`);
  let listed = 0;
  let all = 0;
  for await (const row of rows) {
    const [line, partition, offset, fault, sink, reason, inSilver, inQuarantine, actualReason, verdict] = row;
    const [meantIdentity, actualIdentity, firstPartition, firstOffset, total] = row.slice(10);
    const meant = `line ${line}, ${fault}, should be in ${place(sink === 'silver', sink === 'quarantine', reason)}`;
    const is = `it is in ${place(inSilver === true, inQuarantine === true, actualReason)}`;
    const why: Readonly<Record<string, string>> = {
      'other identity': `its ${identity} is ${JSON.stringify(actualIdentity)}, not ${JSON.stringify(meantIdentity)}`,
      'no duplicate': `the record it should repeat, partition ${firstPartition}, offset ${firstOffset}, has not its ${identity} in silver`,
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

/**
 * Each line with its record's place, the verdict on the record, and the outcome in a gold table in
 * the last of its windows.
 * @param silverSql the expected silver rows as a relation
 */
function keyVerdicts(gold: GoldOutcome | undefined, silverSql: string): string {
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
        WHEN window_start + ${windowUs} > ${watermark} THEN 'open' ELSE rule_outcome END AS outcome
    FROM (
      SELECT r.*, CASE
          WHEN r.window_start + ${windowUs} <= l.late_us THEN 'late'
          WHEN r.window_start + ${windowUs} > l.open_us THEN 'read'
          ELSE 'unknown' END AS rule_outcome,
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
