import type { Pipeline } from '../../../pipeline/model.ts';
import type { Checkpoint } from '../../checkpoint.ts';
import type { Cell, Database } from '../../duckdb/database.ts';
import { readPruneLedger } from '../../prune-ledger.ts';
import { batchOfFileNumberSql } from '../../sinks.ts';
import type { PartitionState } from '../compare-topic.ts';
import { actualTable } from '../deep/load-actual.ts';
import type { DifferenceLog } from '../difference.ts';
import type { GoldOutcome } from '../gold/verify-gold.ts';
import type { AnswerKeyReport, FaultReport } from '../verify-report.ts';
import { keyFields } from './key-fields.ts';
import { keyVerdicts } from './key-verdicts.ts';
import { loadAnswerKey } from './load-answer-key.ts';
import type { KeyForm } from './read-answer-key.ts';

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
  /** The gold table that tells what became of silver rows, if the pipeline has one. */
  readonly gold: GoldOutcome | undefined;
}

/** Differences that are listed; the others are counted. */
const LISTED = 50;

/**
 * Checks that each record of an answer key landed in the sink and with the reason that the key says, silver rows known by the
 * contract's first text, with its event time. Of silver rows it tells what gold made of them; that their windows are right is part of the check.
 *
 * Needs the tables `expected`, `actual_…`, `file_ends` and those of the gold table: `gold_files`, `gold_rules`, `gold_wrong`.
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
      count(*) FILTER (verdict = 'pruned'), count(*) FILTER (fate = 'late'), count(*) FILTER (fate = 'read'),
      count(*) FILTER (fate = 'open'), count(*) FILTER (fate = 'unknown')
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
