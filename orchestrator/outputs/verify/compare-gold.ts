import type { Cell, Database } from '../duckdb/database.ts';
import { DIFFERENCE_KINDS, type DifferenceKind, type DifferenceLog } from './difference.ts';
import type { GoldExtent } from './gold-extent.ts';
import { createLateRules, FATE } from './late-rules.ts';
import { microseconds, readByGold, type SilverRows, WINDOW_START } from './load-gold.ts';

/** avg_amount has six decimals: half of the last one, and what a double adds to it. */
const AVERAGE_TOLERANCE = 0.000_001;

/** Windows of one verdict that are fetched; the others are counted. */
const FETCHED_PER_VERDICT = 50;

export interface GoldComparison {
  /** What gold should be the aggregation of. */
  readonly silver: SilverRows;
  readonly extent: GoldExtent;
  /** Windows that end at or before it (Unix ms) may be in pruned gold files. */
  readonly prunedWindowsMs: number;
  /** Whether silver lacks records that gold read: windows may then hold more than silver shows. */
  readonly silverIncomplete: boolean;
}

export interface GoldFindings {
  readonly equalWindows: number;
  /** Windows where records that may or may not have been late leave both outcomes open. */
  readonly undecidedByLateness: number;
  /** Windows that may hold records whose silver rows are not there any more. */
  readonly undecidedByPruning: number;
}

/**
 * Compares gold's closed windows with the aggregation of silver. Windows that agree with all their silver rows, none of which may have
 * been late, are done; of the others each silver row is looked at for whether it was. Windows in `gold_doubled` are left out. Adds the windows that differ to
 * the table `gold_wrong`.
 */
export async function compareGold(
  database: Database,
  comparison: GoldComparison,
  log: DifferenceLog,
): Promise<GoldFindings> {
  const { extent, prunedWindowsMs } = comparison;
  const floorUs = Number.isFinite(prunedWindowsMs) ? microseconds(prunedWindowsMs) : undefined;
  const comparable = `batch <= ${extent.through.batch} AND window_end <= ${microseconds(extent.through.watermarkMs)}
    ${floorUs === undefined ? '' : `AND window_end > ${floorUs}`}`;
  await database.run(`
    CREATE TABLE gold_windows AS
    SELECT * FROM gold ANTI JOIN gold_doubled USING (card_id, window_start) WHERE ${comparable}`);
  await createLateRules(database, extent);
  // Of a partition's rows the last is late if any is: watermarks never fall.
  await database.run(`
    CREATE TABLE windows_with_late AS
    SELECT DISTINCT r.card_id, r.window_start FROM silver_windows r
    ASOF JOIN late_rules l ON l.partition = r.partition AND r.last_offset < l.end_offset WHERE ${FATE} <> 'read'`);
  await database.run(`
    CREATE TABLE suspects AS SELECT * FROM (
      SELECT coalesce(g.card_id, s.card_id) AS card_id, coalesce(g.window_start, s.window_start) AS window_start,
        g.txn_count AS gold_count, g.sum_amount AS gold_sum, g.avg_amount AS gold_avg, g.max_amount AS gold_max,
        s.txn_count, s.sum_amount, s.max_amount
      FROM gold_windows g
      FULL JOIN (
        SELECT card_id, window_start, sum(txn_count)::BIGINT AS txn_count, sum(sum_amount) AS sum_amount,
          max(max_amount) AS max_amount
        FROM silver_windows ANTI JOIN gold_doubled USING (card_id, window_start)
        ${floorUs === undefined ? '' : `WHERE window_start + 60000000 > ${floorUs}`}
        GROUP BY 1, 2) s
      ON g.card_id = s.card_id AND g.window_start = s.window_start)
    WHERE NOT coalesce(${agrees('txn_count', 'sum_amount', 'max_amount')}, false)
      OR (card_id, window_start) IN (SELECT (card_id, window_start) FROM windows_with_late)`);
  const [counts] = await database.all(
    'SELECT (SELECT count(*) FROM gold_windows), (SELECT count(gold_count) FROM suspects)',
  );
  const equalAtOnce = Number(counts?.[0]) - Number(counts?.[1]);
  const rest = await judgeSuspects(database, comparison, log);
  return { ...rest, equalWindows: equalAtOnce + rest.equalWindows };
}

/** Whether gold's values are those of the columns named, as SQL. */
function agrees(count: string, sum: string, max: string): string {
  return `(gold_count = ${count} AND gold_sum = ${sum} AND gold_max = ${max} AND
    abs(gold_avg - gold_sum::DOUBLE / gold_count) <= ${AVERAGE_TOLERANCE} + 1e-12 * abs(gold_avg))`;
}

async function judgeSuspects(
  database: Database,
  comparison: GoldComparison,
  log: DifferenceLog,
): Promise<GoldFindings> {
  const findings = { equalWindows: 0, undecidedByLateness: 0, undecidedByPruning: 0 };
  const [suspects] = await database.all('SELECT count(*) FROM suspects');
  if (Number(suspects?.[0]) === 0) return findings;
  await loadSuspectRows(database, comparison);
  await database.run(`
    CREATE TABLE gold_verdicts AS
    SELECT *, ${verdict(comparison.silverIncomplete)} AS verdict FROM (
      SELECT s.card_id, s.window_start, any_value(gold_count) AS gold_count, any_value(gold_sum) AS gold_sum,
        any_value(gold_avg) AS gold_avg, any_value(gold_max) AS gold_max,
        count(amount) FILTER (fate = 'read') AS certain_count,
        coalesce(sum(amount) FILTER (fate = 'read'), 0) AS certain_sum,
        max(amount) FILTER (fate = 'read') AS certain_max,
        count(amount) FILTER (fate = 'unknown') AS unknown_count,
        count(amount) FILTER (fate <> 'late') AS possible_count,
        coalesce(sum(amount) FILTER (fate <> 'late'), 0) AS possible_sum,
        max(amount) FILTER (fate <> 'late') AS possible_max
      FROM suspects s LEFT JOIN suspect_rows r ON s.card_id = r.card_id AND s.window_start = r.window_start
      GROUP BY 1, 2)`);
  await database.run(
    `INSERT INTO gold_wrong SELECT card_id, window_start FROM gold_verdicts WHERE starts_with(verdict, 'gold-')`,
  );
  const verdicts = database.rows(`
    SELECT verdict, count(*) OVER (PARTITION BY verdict), row_number() OVER (PARTITION BY verdict ORDER BY window_start, card_id) AS place,
      card_id, make_timestamp(window_start)::VARCHAR, gold_count, gold_sum::VARCHAR, gold_avg, gold_max::VARCHAR,
      certain_count, certain_sum::VARCHAR, certain_max::VARCHAR
    FROM gold_verdicts QUALIFY place <= ${FETCHED_PER_VERDICT} ORDER BY verdict, place`);
  for await (const row of verdicts) noteVerdict(row, findings, log);
  return findings;
}

/**
 * What is to be said of a window. `certain_…` are its rows that gold read in time, `unknown_count` those that may have been late,
 * `possible_…` both; with an incomplete silver there may be more than both.
 */
function verdict(silverIncomplete: boolean): string {
  const most = silverIncomplete ? 'true' : 'coalesce(gold_count, 0) <= certain_count + unknown_count';
  return `CASE
    WHEN coalesce(gold_count, 0) = 0 AND certain_count = 0 AND unknown_count = 0 THEN 'all-late'
    WHEN coalesce(${agrees('certain_count', 'certain_sum', 'certain_max')}, false) THEN 'equal'
    WHEN coalesce(${agrees('possible_count', 'possible_sum', 'possible_max')}, false) THEN 'equal'
    WHEN gold_count = certain_count THEN 'gold-wrong'
    ${silverIncomplete ? '' : "WHEN gold_count = certain_count + unknown_count THEN 'gold-wrong'"}
    WHEN coalesce(gold_count, 0) >= certain_count AND ${most} THEN
      CASE WHEN unknown_count > 0 THEN 'lateness' ELSE 'pruning' END
    WHEN gold_count IS NULL THEN 'gold-missing'
    WHEN certain_count + unknown_count = 0 THEN 'gold-extra'
    ELSE 'gold-wrong' END`;
}

/** Reads the silver rows of suspect windows, each with whether gold read it in time. */
async function loadSuspectRows(database: Database, { silver, extent }: GoldComparison): Promise<void> {
  await database.run(
    'CREATE TABLE suspect_rows (card_id VARCHAR, window_start BIGINT, amount DECIMAL(18, 2), fate VARCHAR)',
  );
  await silver.insert(
    database,
    (relation) => `
      INSERT INTO suspect_rows
      SELECT r.card_id, r.window_start, r.amount, ${FATE}
      FROM (
        SELECT card_id, ${WINDOW_START} AS window_start, amount, "partition", "offset"
        FROM ${relation} WHERE ${readByGold(extent)}) r
      SEMI JOIN suspects s ON s.card_id = r.card_id AND s.window_start = r.window_start
      ASOF JOIN late_rules l ON l.partition = r."partition" AND r."offset" < l.end_offset`,
  );
}

function noteVerdict(
  row: readonly Cell[],
  findings: { equalWindows: number; undecidedByLateness: number; undecidedByPruning: number },
  log: DifferenceLog,
): void {
  const [verdictOf, countCell, place, card, start, goldCount, goldSum, goldAvg, goldMax, count, sum, max] =
    row;
  const all = Number(countCell);
  if (Number(place) === 1) {
    if (verdictOf === 'equal') findings.equalWindows = all;
    if (verdictOf === 'lateness') findings.undecidedByLateness = all;
    if (verdictOf === 'pruning') findings.undecidedByPruning = all;
  }
  if (!isDifference(verdictOf)) return;
  const gold =
    goldCount === null
      ? 'nothing'
      : `count ${goldCount}, sum ${goldSum}, average ${goldAvg}, maximum ${goldMax}`;
  const silver = Number(count) === 0 ? 'nothing' : `count ${count}, sum ${sum}, maximum ${max}`;
  const difference = {
    kind: verdictOf,
    sink: 'gold',
    count: 1,
    detail: `card ${JSON.stringify(card)}, window from ${start} UTC: gold has ${gold}; silver gives ${silver}`,
  } as const;
  log.add(difference);
  if (Number(place) === FETCHED_PER_VERDICT) log.addUnlisted(difference, all - FETCHED_PER_VERDICT);
}

function isDifference(verdictOf: Cell | undefined): verdictOf is DifferenceKind {
  return typeof verdictOf === 'string' && verdictOf in DIFFERENCE_KINDS;
}
