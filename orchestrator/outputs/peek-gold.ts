import type { GoldTable, Measure, Pipeline } from '../pipeline/model.ts';
import type { SinkFile } from './committed-files.ts';
import type { Database } from './duckdb/database.ts';
import { quoted } from './duckdb/expression-sql.ts';
import { relationOf } from './duckdb/file-source.ts';
import { columnsOfOutput } from './sink-columns.ts';

/** The most active groups of a gold table in its newest closed windows. */
export interface GoldOverview {
  readonly table: string;
  /** Start of the oldest and of the newest window, ISO-8601 with Z. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds from the start of a window to that of the next. */
  readonly slideMs: number;
  /** Windows from the one to the other, those without a row included. */
  readonly windows: number;
  /** Columns of the table: its keys, and those measures that can be told of several windows together. */
  readonly keys: readonly string[];
  readonly measures: readonly string[];
  /** What is told of each window. */
  readonly counted: string;
  /** The most active first. */
  readonly groups: readonly GoldGroup[];
}

export interface GoldGroup {
  /** As text, in the order of the columns. */
  readonly keys: readonly (string | null)[];
  readonly measures: readonly (string | null)[];
  /** By window, oldest window first; 0 where gold has no row. */
  readonly counts: readonly number[];
}

const MOST_WINDOWS = 30;
const MOST_GROUPS = 8;
/** How measures of several windows become one; an average of averages means nothing. */
const MERGED = { count: 'sum', sum: 'sum', min: 'min', max: 'max' } as const;

/**
 * The most active groups of the newest closed windows: by the first measure that counts, or by their windows where none does.
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

/** As `--json` has it: a group's columns by their names, counts as numbers, and what is counted by window. */
export function goldJson(gold: GoldOverview | null, pipeline: Pipeline): unknown {
  if (gold === null) return null;
  const { from, to, windows, keys, measures, counted, groups } = gold;
  const counts = new Set(countMeasures(pipeline, gold.table));
  // A count has a plural.
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
