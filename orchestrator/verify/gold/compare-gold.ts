import { type Cell, type Database, insertRows } from '../../lake/database.ts';
import { helperColumn } from '../../lake/file-source.ts';
import { DIFFERENCE_KINDS, type DifferenceKind, type DifferenceLog } from '../report.ts';
import { EVENT_US, type LateRule, SILVER_FILE, type SilverRows } from './gold-batches.ts';
import { type GoldSql, lastWindowStart, microseconds } from './gold-sql.ts';

/** Windows of one verdict that are fetched. Further ones are only counted. */
const FETCHED_PER_VERDICT = 50;

export interface GoldComparison {
  readonly sql: GoldSql;
  /** The input from which gold should have been aggregated. */
  readonly silver: SilverRows;
  /**
   * The source log's batch of each silver file that gold has read, by the file's number; -1 for
   * rows whose file is unknown.
   */
  readonly logged: ReadonlyMap<number, number>;
  readonly rules: readonly LateRule[];
  /** Windows that end by it (Unix ms) are closed. */
  readonly watermarkMs: number;
  /**
   * Windows that end by it (Unix ms) may be in pruned gold files; undefined where nothing was
   * pruned.
   */
  readonly prunedWindowsMs: number | undefined;
  /**
   * Whether silver lacks rows that gold read, checked after they were read. Windows may then hold
   * more than silver shows.
   */
  readonly isSilverIncomplete: () => Promise<boolean>;
}

export interface GoldFindings {
  readonly equalWindows: number;
  /** Rows that were dropped as late. */
  readonly late: number;
  /**
   * Windows with rows for which the checkpoint no longer shows whether they were late. A window
   * counts as equal with and without them.
   */
  readonly undecidedByLateness: number;
  /** Windows that may hold records whose silver rows no longer exist. */
  readonly undecidedByPruning: number;
}

/**
 * Compares gold's closed windows with the aggregation of the silver rows that were not late.
 * Watermarks never decrease, so the rows that count in a window are those of its first
 * micro-batches. Where the number of these is unknown, each number that the rules allow is right.
 * Windows in `gold_doubled` are left out. Adds the windows that differ to the table `gold_wrong`.
 */
export async function compareGold(
  database: Database,
  comparison: GoldComparison,
  log: DifferenceLog,
): Promise<GoldFindings> {
  const { sql } = comparison;
  await createRules(database, comparison.logged, comparison.rules);
  await aggregateSilver(database, comparison);
  const silverIncomplete = await comparison.isSilverIncomplete();
  const floor = comparison.prunedWindowsMs;
  const closed = `${sql.windowUs} + window_start <= ${microseconds(comparison.watermarkMs)}
    ${floor === undefined ? '' : `AND ${sql.windowUs} + window_start > ${microseconds(floor)}`}`;
  const same = (a: string, b: string) =>
    ['window_start', ...sql.keys.map(({ column }) => column)]
      .map((name) => `${a}.${name} IS NOT DISTINCT FROM ${b}.${name}`)
      .join(' AND ');
  const keys = ['window_start', ...sql.keys.map(({ column }) => column)];
  const parts = sql.measures.flatMap((measure) => measure.parts.map(({ column }) => column));
  const agrees = sql.measures.map((measure) => measure.agrees).join(' AND ') || 'true';
  const equalAtOnce = await createSuspects(database, sql, { closed, same, agrees });
  await createOutcomes(database, sql, same);
  const count = sql.measures.find(
    ({ name }) =>
      sql.table.measures.find((measure) => measure.name === name)?.function === 'count' &&
      sql.table.measures.find((measure) => measure.name === name)?.argument === null,
  )?.column;
  await database.run(`
    CREATE OR REPLACE TABLE gold_verdicts AS
    SELECT *, ${verdict(count === undefined ? undefined : `gold_${count}`, silverIncomplete)} AS verdict FROM (
      SELECT ${keys.map((key) => `coalesce_key.${key}`).join(', ')}, any_value(in_gold) IS NOT NULL AS in_gold,
        ${sql.measures.map(({ column }) => `any_value(gold_${column}) AS gold_${column},`).join(' ')}
        coalesce(bool_or(allowed AND (${agrees})), false) AS agrees,
        coalesce(max(rows) FILTER (outcome = 'read'), 0) AS certain_rows,
        coalesce(max(rows) FILTER (outcome <> 'late'), 0) AS possible_rows,
        coalesce(bool_or(outcome = 'unknown'), false) AS is_unknown,
        coalesce(bool_or(outcome = 'unknown' AND log_offset = -1), false) AS is_mixed,
        ${parts.map((column) => `max_by(${column}, log_offset) FILTER (outcome = 'read') AS ${column}`).join(', ')}
      FROM (
        SELECT ${keys.map((key) => `coalesce(g.${key}, o.${key}) AS ${key}`).join(', ')}, g.in_gold, o.* EXCLUDE (${keys.join(', ')})
          ${sql.measures.map(({ column }) => `, g.${column} AS gold_${column}`).join('')}
        FROM (
          SELECT *, true AS in_gold FROM gold WHERE EXISTS (FROM suspects s WHERE ${same('s', 'gold')})) g
        FULL JOIN outcomes o ON ${same('g', 'o')}) coalesce_key
      GROUP BY ${keys.map((key) => `coalesce_key.${key}`).join(', ')})`);
  await database.run(
    `INSERT INTO gold_wrong SELECT ${keys.join(', ')} FROM gold_verdicts WHERE starts_with(verdict, 'gold-')`,
  );
  const findings = await countVerdicts(database, sql);
  await noteVerdicts(database, sql, log);
  return { ...findings, equalWindows: equalAtOnce + findings.equalWindows };
}

/**
 * The comparison with the columns of silver's side of a join. Gold has columns of the same names.
 */
function ofSilver(agrees: string, parts: readonly { readonly column: string }[]): string {
  return parts.reduce(
    (sql, { column }) => sql.replaceAll(new RegExp(`(?<![\\w.])${column}(?!\\w)`, 'g'), `o.${column}`),
    agrees,
  );
}

/**
 * Fills the table `suspects` with windows that do not agree with all their silver rows, or of which
 * rows were or may have been late. They are mostly few, and only for them the check determines
 * which of their rows count.
 * @returns the number of the other windows in gold
 */
async function createSuspects(
  database: Database,
  { keys, measures, windowUs }: GoldSql,
  {
    closed,
    same,
    agrees,
  }: {
    readonly closed: string;
    readonly same: (a: string, b: string) => string;
    readonly agrees: string;
  },
): Promise<number> {
  const names = ['window_start', ...keys.map(({ column }) => column)];
  const parts = measures.flatMap((measure) => measure.parts);
  const [doubled] = await database.all('SELECT count(*) FROM gold_doubled');
  const single = (table: string) =>
    Number(doubled?.[0]) === 0 ? '' : `AND NOT EXISTS (FROM gold_doubled d WHERE ${same('d', table)})`;
  await database.run(`
    CREATE OR REPLACE TABLE suspects AS
    SELECT ${names.map((name) => `coalesce(g.${name}, o.${name}) AS ${name}`).join(', ')}, in_gold
    FROM (
      SELECT *, true AS in_gold ${measures.map(({ column }) => `, ${column} AS gold_${column}`).join('')}
      FROM gold WHERE ${closed} ${single('gold')}) g
    FULL JOIN (
      SELECT ${names.join(', ')}, bool_or(is_doubtful) AS is_doubtful
        ${parts.map(({ column, merge }) => `, ${merge}(${column}) AS ${column}`).join('')}
      FROM (
        SELECT w.*, window_start + ${windowUs} <= r.open_us AS is_doubtful
        FROM silver_windows w JOIN gold_rules r ON r.log_offset = w.log_offset
        WHERE ${closed} ${single('w')})
      GROUP BY ${names.join(', ')}) o
    ON ${same('g', 'o')}
    WHERE in_gold IS NULL OR coalesce(is_doubtful, true) OR NOT coalesce(${ofSilver(agrees, parts)}, false)`);
  const [row] = await database.all(`
    SELECT (SELECT count(*) FROM gold WHERE ${closed} ${single('gold')}), (SELECT count(in_gold) FROM suspects)`);
  return Number(row?.[0]) - Number(row?.[1]);
}

/**
 * The verdict on a window. `certain_rows` count for sure. `possible_rows` are these and those that
 * may have been late. With an incomplete silver gold may hold more than both, and only a count can
 * show whether it holds less.
 */
function verdict(count: string | undefined, silverIncomplete: boolean): string {
  const isMore = count === undefined ? 'true' : `${count} > certain_rows`;
  return `CASE
    WHEN NOT in_gold AND certain_rows = 0 THEN 'nothing'
    WHEN in_gold AND agrees THEN 'equal'
    WHEN NOT in_gold THEN 'gold-missing'
    WHEN is_mixed AND ${count === undefined ? 'true' : `${count} BETWEEN certain_rows AND possible_rows`} THEN 'lateness'
    ${silverIncomplete ? `WHEN ${isMore} THEN 'pruning'` : ''}
    WHEN possible_rows = 0 THEN 'gold-extra'
    ELSE 'gold-wrong' END`;
}

/**
 * Fills tables with the source log's batch of each of silver's micro-batches, and the rule of each.
 */
export async function createRules(
  database: Database,
  logged: GoldComparison['logged'],
  rules: readonly LateRule[],
): Promise<void> {
  await database.run('CREATE OR REPLACE TABLE gold_files (file BIGINT, log_offset BIGINT)');
  await insertRows(
    database,
    'gold_files',
    [...logged].map(([file, logOffset]) => `(${file}, ${logOffset})`),
  );
  await database.run(
    'CREATE OR REPLACE TABLE gold_rules (log_offset BIGINT, late_us BIGINT, open_us BIGINT)',
  );
  await insertRows(
    database,
    'gold_rules',
    rules.map(
      ({ logOffset, lateMs, openMs }) => `(${logOffset}, ${microseconds(lateMs)}, ${microseconds(openMs)})`,
    ),
  );
}

/** Columns in addition to silver's own. */
export const WINDOW_START = helperColumn('window_start');
export const LOG_OFFSET = helperColumn('log_offset');

/**
 * Silver's rows that gold has read, once for each of their windows. Each window begins a slide
 * before the next one.
 */
export function windowsOf(relation: string, { windowUs, slideUs }: GoldSql): string {
  return `
    SELECT s.*, f.log_offset AS ${LOG_OFFSET}, ${lastWindowStart(slideUs, `s.${EVENT_US}`)} - w.i * ${slideUs} AS ${WINDOW_START}
    FROM ${relation} s JOIN gold_files f ON f.file = s.${SILVER_FILE} CROSS JOIN range(${windowUs / slideUs}) w(i)`;
}

/**
 * Aggregates silver's rows in closed windows: one or several rows for each window and batch of the
 * source log.
 */
async function aggregateSilver(
  database: Database,
  { sql, silver, watermarkMs }: GoldComparison,
): Promise<void> {
  const { keys, measures, windowUs } = sql;
  const parts = measures.flatMap((measure) => measure.parts);
  const select = (relation: string) => `
    SELECT ${WINDOW_START}, ${LOG_OFFSET}, count(*) AS rows
      ${keys.map(({ select: key, column }) => `, ${key} AS ${column}`).join('')}
      ${parts.map(({ partial, column }) => `, ${partial} AS ${column}`).join('')}
    FROM (${windowsOf(relation, sql)})
    WHERE ${WINDOW_START} + ${windowUs} <= ${microseconds(watermarkMs)}
    GROUP BY ${WINDOW_START}, ${LOG_OFFSET} ${keys.map(({ select: key }) => `, ${key}`).join('')}`;
  const columns = [...keys, ...parts].map(({ column, type }) => `, ${column} ${type}`);
  await database.run(
    `CREATE OR REPLACE TABLE silver_windows (window_start BIGINT, log_offset BIGINT, rows BIGINT${columns.join('')})`,
  );
  await silver.insert(database, (relation) => `INSERT INTO silver_windows ${select(relation)}`);
}

/**
 * Each possible outcome of a suspect window, with the rows up to there, and whether the rules allow
 * it.
 */
async function createOutcomes(
  database: Database,
  { keys, measures, windowUs }: GoldSql,
  same: (a: string, b: string) => string,
): Promise<void> {
  const names = ['window_start', ...keys.map(({ column }) => column)].join(', ');
  const parts = measures.flatMap((measure) => measure.parts);
  await database.run(`
    CREATE OR REPLACE TABLE outcomes AS
    SELECT *, outcome = 'unknown' OR outcome = 'read' AND next_outcome IS DISTINCT FROM 'read' AS allowed FROM (
      SELECT ${names}, log_offset, outcome, lead(outcome) OVER earlier AS next_outcome,
        sum(rows) OVER earlier AS rows
        ${parts.map(({ column, merge }) => `, ${merge}(${column}) OVER earlier AS ${column}`).join('')}
      FROM (
        SELECT s.*, CASE
          WHEN window_start + ${windowUs} <= r.late_us THEN 'late'
          WHEN window_start + ${windowUs} > r.open_us THEN 'read'
          ELSE 'unknown' END AS outcome
        FROM (
          SELECT ${names}, log_offset, sum(rows) AS rows
            ${parts.map(({ column, merge }) => `, ${merge}(${column}) AS ${column}`).join('')}
          FROM silver_windows WHERE EXISTS (FROM suspects x WHERE ${same('x', 'silver_windows')}) GROUP BY ${names}, log_offset) s
        JOIN gold_rules r ON r.log_offset = s.log_offset)
      WINDOW earlier AS (PARTITION BY ${names} ORDER BY log_offset))`);
}

async function countVerdicts(database: Database, { windowUs }: GoldSql): Promise<GoldFindings> {
  const [row] = await database.all(`
    SELECT count(*) FILTER (verdict = 'equal'), count(*) FILTER (is_unknown AND verdict IN ('equal', 'nothing', 'lateness')),
      count(*) FILTER (verdict = 'pruning'), (
        SELECT coalesce(sum(rows), 0) FROM silver_windows JOIN gold_rules USING (log_offset)
        WHERE window_start + ${windowUs} <= late_us) FROM gold_verdicts`);
  const [equalWindows = 0, undecidedByLateness = 0, undecidedByPruning = 0, late = 0] = (row ?? []).map(
    Number,
  );
  return { equalWindows, undecidedByLateness, undecidedByPruning, late };
}

async function noteVerdicts(database: Database, sql: GoldSql, log: DifferenceLog): Promise<void> {
  const { keys, measures, table } = sql;
  const names = ['window_start', ...keys.map(({ column }) => column)].join(', ');
  const rows = database.rows(`
    SELECT verdict, count(*) OVER (PARTITION BY verdict), row_number() OVER (PARTITION BY verdict ORDER BY ${names}) AS place,
      in_gold, certain_rows, make_timestamp(window_start)::VARCHAR
      ${keys.map(({ column }) => `, ${column}::VARCHAR`).join('')}
      ${measures.map(({ column }) => `, gold_${column}::VARCHAR`).join('')}
      ${measures.map(({ shown }) => `, ${shown}`).join('')}
    FROM gold_verdicts WHERE starts_with(verdict, 'gold-')
    QUALIFY place <= ${FETCHED_PER_VERDICT} ORDER BY verdict, place`);
  for await (const [verdictOf, all, place, inGold, certainRows, start, ...cells] of rows) {
    if (!isDifference(verdictOf)) continue;
    const values = cells.slice(keys.length);
    const shown = (from: number) =>
      measures.map(({ name }, at) => `${name} ${values[from + at] ?? 'null'}`).join(', ') || 'a row';
    const gold = inGold === true ? shown(0) : 'nothing';
    const silver = Number(certainRows) > 0 ? shown(measures.length) : 'nothing';
    const detail = `${windowText(sql, cells, start)}: gold has ${gold}; silver gives ${silver}`;
    const difference = { kind: verdictOf, sink: table.name, count: 1, detail };
    log.add(difference);
    if (Number(place) === FETCHED_PER_VERDICT) log.addUnlisted(difference, Number(all) - FETCHED_PER_VERDICT);
  }
}

/** `card_id "A", window from 2025-01-02 03:04:00 UTC`. @param cells begin with the keys as text */
export function windowText({ keys }: GoldSql, cells: readonly Cell[], start: Cell | undefined): string {
  const key = keys.map(({ name }, at) => `${name} ${JSON.stringify(cells[at] ?? null)}`);
  return [...key, `window from ${start} UTC`].join(', ');
}

function isDifference(verdictOf: Cell | undefined): verdictOf is DifferenceKind {
  return typeof verdictOf === 'string' && verdictOf in DIFFERENCE_KINDS;
}
