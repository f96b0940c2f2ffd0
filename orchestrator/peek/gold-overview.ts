import type { EventTimeState } from '../engine/stream-status.ts';
import type { SinkFile } from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import { columnsOfOutput, quoted, relationOf } from '../lake/file-source.ts';
import { readGoldCheckpoint, readThrough } from '../lake/gold-checkpoint.ts';
import { batchOfFileNumber, type OutputName } from '../lake/sinks.ts';
import { pathNames } from '../pipeline/column-name.ts';
import {
  type Column,
  columnsIn,
  type GoldTable,
  goldColumns,
  isScalar,
  type Measure,
  type Pipeline,
  silverColumns,
  WINDOW,
} from '../pipeline/model.ts';
import { createRules, LOG_OFFSET, WINDOW_START, windowsOf } from '../verify/gold/compare-gold.ts';
import { newestEvents, readGold, silverOfFiles } from '../verify/gold/gold-batches.ts';
import { goldSql, microseconds } from '../verify/gold/gold-sql.ts';

/** The most active groups of a gold table in its newest closed windows. */
export interface GoldOverview {
  readonly table: string;
  /** Start of the oldest and of the newest window, ISO-8601 with Z. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds from the start of a window to the start of the next. */
  readonly slideMs: number;
  /** The number of windows from the first to the last, including those without a row. */
  readonly windows: number;
  /** Columns of the table: its keys, and the measures that can be merged over several windows. */
  readonly keys: readonly string[];
  readonly measures: readonly string[];
  /** The measure that is shown for each window. */
  readonly counted: string;
  /** The most active first. */
  readonly groups: readonly GoldGroup[];
}

interface GoldGroup {
  /** As text, in the order of the columns. */
  readonly keys: readonly (string | null)[];
  readonly measures: readonly (string | null)[];
  /** By window, oldest window first; 0 where gold has no row. */
  readonly counts: readonly number[];
}

const MOST_WINDOWS = 30;
const MOST_GROUPS = 8;
/** How measures of several windows are merged. An average of averages has no meaning. */
const MERGED = { count: 'sum', sum: 'sum', min: 'min', max: 'max' } as const;

/**
 * The most active groups of the newest closed windows: by the first measure that counts, or by the
 * number of their windows where no measure counts.
 * @returns null when the table has no rows yet
 */
export async function goldOverview(
  database: Database,
  pipeline: Pipeline,
  table: GoldTable,
  files: readonly SinkFile[],
): Promise<GoldOverview | null> {
  if (files.length === 0) return null;
  const { groupBy, slideMs } = table;
  const measures = table.measures.filter(isMerged);
  const count = measures.find((measure) => measure.function === 'count');
  const keys = groupBy.map((_name, at) => `k${at}`);
  const columns = [
    ...groupBy.map((name, at) => `${quoted(name)} AS k${at}`),
    ...measures.map(({ name }, at) => `${quoted(name)} AS m${at}`),
    `${count ? quoted(count.name) : '1'} AS counted`,
  ];
  const values = measures.map((_measure, at) => `m${at}`);
  const merged = measures.map((measure, at) => `${MERGED[measure.function]}(m${at}) AS m${at}`);
  const order = ['activity DESC', ...values.map((value) => `${value} DESC`), ...keys].join(', ');
  const same = keys.map((key) => `n.${key} IS NOT DISTINCT FROM g.${key}`);
  const rows = await database.all(`
    WITH gold AS (${await relationOf(table.name, columnsOfOutput(pipeline, table.name), files)}),
      steps AS (SELECT ${columns.join(', ')}, epoch_ms(window_start) // ${slideMs} AS step FROM gold),
      newest AS (FROM steps WHERE step > (SELECT max(step) FROM steps) - ${MOST_WINDOWS}),
      groups AS (
        SELECT *, row_number() OVER (ORDER BY ${order}) AS place
        FROM (SELECT ${[...keys, ...merged, 'sum(counted) AS activity'].join(', ')} FROM newest GROUP BY ALL)
        QUALIFY place <= ${MOST_GROUPS})
    SELECT (SELECT min(step) FROM newest), (SELECT max(step) FROM newest), n.step, sum(n.counted)
      ${[...keys, ...values].map((column) => `, any_value(g.${column})::VARCHAR`).join('')}
    FROM newest n JOIN groups g ON ${same.join(' AND ') || 'true'} GROUP BY g.place, n.step ORDER BY g.place`);
  const [newest] = rows;
  if (!newest) return null;
  const [first, last] = [Number(newest[0]), Number(newest[1])];
  const groups = new Map<string, GoldGroup & { readonly counts: number[] }>();
  for (const [, , step, counted, ...cells] of rows) {
    const texts = cells.map((cell) => (cell === null ? null : String(cell)));
    const own = texts.slice(0, keys.length);
    const id = JSON.stringify(own);
    const known = groups.get(id) ?? {
      keys: own,
      measures: texts.slice(keys.length),
      counts: new Array<number>(last - first + 1).fill(0),
    };
    known.counts[Number(step) - first] = Number(counted);
    groups.set(id, known);
  }
  return {
    ...{ table: table.name, slideMs, windows: last - first + 1 },
    from: isoOf(first * slideMs),
    to: isoOf(last * slideMs),
    keys: groupBy,
    measures: measures.map(({ name }) => name),
    counted: count?.name ?? 'window',
    groups: [...groups.values()],
  };
}

type MergedMeasure = Measure & { readonly function: keyof typeof MERGED };

const isMerged = (measure: Measure): measure is MergedMeasure => measure.function in MERGED;

const isoOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/**
 * The form for `--json`: a group's columns by their names, counts as numbers, and the counted
 * measure by window.
 */
export function goldJson(gold: GoldOverview | null, pipeline: Pipeline): unknown {
  if (gold === null) return null;
  const { from, to, windows, keys, measures, counted, groups } = gold;
  const counts = new Set(countMeasures(pipeline, gold.table));
  // The name of a count is put in the plural.
  const byWindow = counted.endsWith('count') ? `${counted}s` : `${counted}_by_window`;
  const cards = groups.map((group) => ({
    ...Object.fromEntries(keys.map((name, at) => [name, group.keys[at]])),
    ...Object.fromEntries(
      measures.map((name, at) => [name, counts.has(name) ? Number(group.measures[at]) : group.measures[at]]),
    ),
    [byWindow]: group.counts,
  }));
  return { table: gold.table, from, to, windows, cards };
}

/** The measures of a gold table that count. */
export const countMeasures = ({ gold }: Pipeline, table: string): readonly string[] =>
  (gold.find(({ name }) => name === table)?.measures ?? [])
    .filter((measure) => measure.function === 'count')
    .map(({ name }) => name);

/** How far a gold table is in event time, from the silver files that exist. */
export interface GoldProspect extends Omit<EventTimeState, 'watermarkMs' | 'closedAfterMs'> {
  /** ISO-8601 with Z. Null before there is one. */
  readonly watermark: string | null;
  readonly closedAfter: string | null;
}

export interface ProspectOptions {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  /** The last committed micro-batch of `ingest`. */
  readonly through: number;
}

/** How far the gold tables are, from their checkpoints and silver. */
export async function goldProspects(
  database: Database,
  options: ProspectOptions,
): Promise<readonly GoldProspect[]> {
  const prospects: GoldProspect[] = [];
  for (const table of options.pipeline.gold) prospects.push(await prospectOf(database, options, table));
  return prospects;
}

async function prospectOf(
  database: Database,
  { outputPath, pipeline, through }: ProspectOptions,
  table: GoldTable,
): Promise<GoldProspect> {
  const checkpoint = await readGoldCheckpoint(outputPath, table.name);
  const last = readThrough(checkpoint);
  const logged = new Map(
    [...checkpoint.seen].filter(
      ([file, logOffset]) => batchOfFileNumber(file) <= through && logOffset <= last,
    ),
  );
  const watermarkMs = checkpoint.batches.at(-1)?.watermarkMs ?? 0;
  const sql = goldSql(pipeline, table);
  const silver = silverOfFiles(outputPath, pipeline, logged.keys());
  const newest = await newestEvents(database, silver);
  const { rules } = readGold(checkpoint, logged, newest, pipeline.eventTime.watermarkMs);
  await createRules(database, logged, rules);
  const keys = sql.keys.map(({ column, type }) => `, ${column} ${type}`).join('');
  await database.run(`CREATE OR REPLACE TABLE prospect (window_start BIGINT, late BIGINT${keys})`);
  const isOpen = (start: string) => `${start} + ${sql.windowUs} > ${microseconds(watermarkMs)}`;
  const isLate = `${WINDOW_START} + ${sql.windowUs} <= r.late_us`;
  // One row for each window of each part of silver.
  await silver.insert(
    database,
    (relation) => `
      INSERT INTO prospect SELECT ${WINDOW_START}, count(*) FILTER (${isLate}) ${sql.keys.map(({ select }) => `, ${select}`).join('')}
      FROM (${windowsOf(relation, sql)}) w JOIN gold_rules r ON r.log_offset = w.${LOG_OFFSET}
      WHERE ${isOpen(WINDOW_START)} OR ${isLate} GROUP BY ALL`,
  );
  const names = ['window_start', ...sql.keys.map(({ column }) => column)].join(', ');
  const [row] = await database.all(`
    SELECT (SELECT count(*) FROM (SELECT DISTINCT ${names} FROM prospect WHERE ${isOpen('window_start')})),
      max(window_start) FILTER (${isOpen('window_start')}), coalesce(sum(late), 0) FROM prospect`);
  const [open, lastStart, late] = row ?? [];
  const closedAfterMs =
    lastStart === null || lastStart === undefined
      ? undefined
      : (Number(lastStart) + sql.windowUs) / 1000 + pipeline.eventTime.watermarkMs;
  return {
    table: table.name,
    watermark: watermarkMs > 0 ? new Date(watermarkMs).toISOString() : null,
    openWindows: Number(open),
    closedAfter: closedAfterMs === undefined ? null : new Date(closedAfterMs).toISOString(),
    late: Number(late),
  };
}

/** A column that `peek` shows. */
export interface PeekColumn {
  readonly name: string;
  /** Its text, as SQL. */
  readonly sql: string;
  readonly numeric: boolean;
  /** An instant, shown in UTC. */
  readonly instant: boolean;
  /** Bytes of a record as received, which may not be UTF-8. */
  readonly asItCame: boolean;
}

type Trait = 'numeric' | 'instant' | 'asItCame';

const BRONZE: readonly PeekColumn[] = [
  column('kafka_ts', 'instant'),
  column('partition', 'numeric'),
  column('offset', 'numeric'),
  column('key', 'asItCame'),
  column('value', 'asItCame'),
];
const QUARANTINE: readonly PeekColumn[] = [
  column('bad_ingest_ts', 'instant'),
  column('partition', 'numeric'),
  column('offset', 'numeric'),
  column('reason'),
  column('detail', 'asItCame'),
  column('bad_json', 'asItCame'),
];
/** Columns of an event that are shown in addition to its time. */
const MOST_COLUMNS = 7;

/** The columns that are shown for a sink or gold table, the most informative ones first. */
export function peekColumns(pipeline: Pipeline, output: OutputName): readonly PeekColumn[] {
  switch (output) {
    case 'bronze':
      return BRONZE;
    case 'quarantine':
      return QUARANTINE;
    case 'silver':
      return eventColumns(pipeline, () => true).map(typedColumn);
    case 'raw_csv': {
      const { columns } = pipeline.rawCsv;
      const shown = eventColumns(pipeline, ({ name }) => columns.includes(name));
      // An instant is already text in this relation.
      return shown.map((each) => (isNumber(each.type) ? column(each.name, 'numeric') : column(each.name)));
    }
    default:
      return goldTableColumns(pipeline, output).map(typedColumn);
  }
}

/**
 * The event time, then the columns that gold uses, its keys first, then the other fields, with
 * objects and arrays last.
 */
function eventColumns(
  { fields, eventTime, gold, source }: Pipeline,
  isThere: (column: Column) => boolean,
): readonly Column[] {
  const silver = silverColumns(fields, eventTime);
  const [first] = gold;
  const names = [
    ...(first?.groupBy ?? []),
    ...(source.key === null ? [] : [source.key]),
    ...(first?.measures ?? [])
      .flatMap(({ argument }) => columnsIn(argument))
      .map((path) => pathNames(path)[0] ?? ''),
  ];
  const own = silver.slice(
    0,
    silver.findIndex(({ name }) => name === 'event_time'),
  );
  const all = [
    ...names.flatMap((name) => own.filter((each) => each.name === name)),
    ...own.filter(({ type }) => isScalar(type)),
    ...own,
  ];
  const shown = [...new Set(all)].filter(isThere).slice(0, MOST_COLUMNS);
  return [...silver.filter(({ name }) => name === 'event_time').filter(isThere), ...shown];
}

/** The window, the keys and the measures. */
function goldTableColumns(pipeline: Pipeline, name: string): readonly Column[] {
  const table = pipeline.gold.find((each) => each.name === name);
  if (!table) return WINDOW;
  const { keys, measures } = goldColumns(pipeline, table);
  return [...WINDOW, ...keys, ...measures];
}

const isNumber = ({ kind }: Column['type']): boolean => ['integer', 'double', 'decimal'].includes(kind);

function typedColumn({ name, type }: Column): PeekColumn {
  if (type.kind === 'timestamp') return column(name, 'instant');
  if (isNumber(type)) return column(name, 'numeric');
  if (isScalar(type)) return column(name);
  return { ...column(name), sql: `to_json(${quoted(name)})::VARCHAR` };
}

function column(name: string, ...traits: readonly Trait[]): PeekColumn {
  const instant = traits.includes('instant');
  return {
    name,
    sql: instant ? `strftime(${quoted(name)}::TIMESTAMP, '%Y-%m-%d %H:%M:%S')` : `${quoted(name)}::VARCHAR`,
    numeric: traits.includes('numeric'),
    instant,
    asItCame: traits.includes('asItCame'),
  };
}
