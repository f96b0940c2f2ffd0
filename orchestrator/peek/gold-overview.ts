import type { SinkFile } from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import { columnsOfOutput, relationOf } from '../lake/file-source.ts';
import { quoted } from '../lake/pipeline-sql.ts';
import type { GoldTable, Measure, Pipeline } from '../pipeline/model.ts';

/** The most active groups of a gold table in its newest closed windows. */
export interface GoldOverview {
  readonly table: GoldTable;
  /** The newest windows. Null before the first one is closed. */
  readonly newest: NewestWindows | null;
}

export interface NewestWindows {
  /** Start of the oldest and of the newest window, ISO-8601 with Z. */
  readonly from: string;
  readonly to: string;
  /** The number of windows from the first to the last, including those without a row. */
  readonly windows: number;
  /** Measures of the table that can be merged over several windows. */
  readonly measures: readonly Measure[];
  /** The measure that is shown for each window; `window` where no measure counts. */
  readonly counted: string;
  /** The number of groups in these windows. */
  readonly groupCount: number;
  /** The most active ones, the most active first. */
  readonly groups: readonly GoldGroup[];
}

interface GoldGroup {
  /** As text, in the order of the table's keys. */
  readonly keys: readonly (string | null)[];
  /**
   * As text, merged over those of the windows that do not overlap and end with the newest: where
   * windows slide, an event is in several.
   */
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
 */
export async function goldOverview(
  database: Database,
  pipeline: Pipeline,
  table: GoldTable,
  files: readonly SinkFile[],
): Promise<GoldOverview> {
  return { table, newest: files.length === 0 ? null : await newestWindows(database, pipeline, table, files) };
}

async function newestWindows(
  database: Database,
  pipeline: Pipeline,
  { name, groupBy, windowMs, slideMs, measures: all }: GoldTable,
  files: readonly SinkFile[],
): Promise<NewestWindows | null> {
  const measures = all.filter(isMerged);
  const count = measures.find((measure) => measure.function === 'count');
  const keys = groupBy.map((_name, at) => `k${at}`);
  const columns = [
    ...groupBy.map((key, at) => `${quoted(key)} AS k${at}`),
    ...measures.map((measure, at) => `${quoted(measure.name)} AS m${at}`),
    `${count ? quoted(count.name) : '1'} AS counted`,
  ];
  const values = measures.map((_measure, at) => `m${at}`);
  const merged = measures.map((measure, at) => {
    const value = `${MERGED[measure.function]}(m${at}) FILTER (is_disjoint)`;
    return `${measure.function === 'count' ? `coalesce(${value}, 0)` : value} AS m${at}`;
  });
  const activity = 'coalesce(sum(counted) FILTER (is_disjoint), 0) AS activity';
  const order = ['activity DESC', ...values.map((value) => `${value} DESC NULLS LAST`), ...keys].join(', ');
  const same = keys.map((key) => `n.${key} IS NOT DISTINCT FROM g.${key}`);
  const rows = await database.all(`
    WITH gold AS (${await relationOf(name, columnsOfOutput(pipeline, name), files)}),
      steps AS (SELECT ${columns.join(', ')}, epoch_ms(window_start) // ${slideMs} AS step FROM gold),
      newest AS (
        SELECT steps.*, (last_step - step) % ${windowMs / slideMs} = 0 AS is_disjoint
        FROM steps, (SELECT max(step) AS last_step FROM steps) WHERE step > last_step - ${MOST_WINDOWS}),
      groups AS (
        SELECT *, row_number() OVER (ORDER BY ${order}) AS place, count(*) OVER () AS group_count
        FROM (SELECT ${[...keys, ...merged, activity].join(', ')} FROM newest GROUP BY ALL)
        QUALIFY place <= ${MOST_GROUPS})
    SELECT (SELECT min(step) FROM newest), (SELECT max(step) FROM newest), any_value(g.group_count), n.step, sum(n.counted)
      ${[...keys, ...values].map((column) => `, any_value(g.${column})::VARCHAR`).join('')}
    FROM newest n JOIN groups g ON ${same.join(' AND ') || 'true'} GROUP BY g.place, n.step ORDER BY g.place`);
  const [newest] = rows;
  if (!newest) return null;
  const [first, last, groupCount] = [Number(newest[0]), Number(newest[1]), Number(newest[2])];
  const groups = new Map<string, GoldGroup & { readonly counts: number[] }>();
  for (const [, , , step, counted, ...cells] of rows) {
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
    from: isoOf(first * slideMs),
    to: isoOf(last * slideMs),
    windows: last - first + 1,
    measures,
    counted: count?.name ?? 'window',
    groupCount,
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
export function goldJson({ table, newest }: GoldOverview): unknown {
  if (newest === null) return null;
  const { from, to, windows, counted } = newest;
  // The name of a count is put in the plural.
  const byWindow = counted.endsWith('count') ? `${counted}s` : `${counted}_by_window`;
  const cards = newest.groups.map((group) => ({
    ...columnsOf(table, newest, group),
    [byWindow]: group.counts,
  }));
  return { table: table.name, from, to, windows, cards };
}

/** The form for `--json` of any gold table, whatever its columns are named. */
export function goldTableJson({ table, newest }: GoldOverview): unknown {
  const { name, windowMs, slideMs } = table;
  const shape = { table: name, windowMs, slideMs };
  if (newest === null) return { ...shape, from: null, to: null, windows: 0, groupCount: 0, groups: [] };
  const { from, to, windows, groupCount, counted } = newest;
  const groups = newest.groups.map((group) => ({
    columns: columnsOf(table, newest, group),
    byWindow: group.counts,
  }));
  return { ...shape, from, to, windows, counted, groupCount, groups };
}

function columnsOf(
  { groupBy }: GoldTable,
  { measures }: NewestWindows,
  { keys, measures: values }: GoldGroup,
): Readonly<Record<string, unknown>> {
  const shown = (measure: Measure, value: string | null = null) =>
    measure.function === 'count' ? Number(value) : value;
  return Object.fromEntries([
    ...groupBy.map((name, at): [string, unknown] => [name, keys[at]]),
    ...measures.map((measure, at): [string, unknown] => [measure.name, shown(measure, values[at])]),
  ]);
}
