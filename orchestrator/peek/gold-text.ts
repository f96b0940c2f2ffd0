import type { Measure } from '../pipeline/model.ts';
import { durationText } from '../pipeline/pipeline-file.ts';
import { displayWidth, type TextColumn, textTable } from '../util/text-table.ts';
import type { GoldOverview, NewestWindows } from './gold-overview.ts';

/**
 * Spark-lines are cut to the width that the other columns leave. They keep the newest windows, and
 * never become shorter than this.
 */
const LEAST_WINDOWS = 8;
/** A key is cut at this length before the layout. */
const LONGEST_KEY = 500;
const MINUTE_MS = 60_000;

/**
 * A gold table's most active groups, each with its measures and a spark-line.
 * @param tables the number of the pipeline's gold tables
 */
export function goldLines({ table, newest }: GoldOverview, tables: number, width: number): readonly string[] {
  const title = tables === 1 ? 'Gold' : `Gold table ${table.name}`;
  if (!newest) {
    return [
      `${title}: no closed window yet; one follows when event time has passed its end by the watermark.`,
    ];
  }
  const { groups, measures } = newest;
  const cells = groups.map((group) => [
    ...group.keys.map((key) => (key ?? '-').slice(0, LONGEST_KEY)),
    ...measures.map((measure, at) => measureText(measure, group.measures[at] ?? null)),
  ]);
  const titles = [...table.groupBy, ...measures.map(({ name }) => name)];
  const taken = titles
    .map((text, at) => Math.max(...[text, ...cells.map((row) => row[at] ?? '')].map(displayWidth)) + 2)
    .reduce((sum, one) => sum + one, 0);
  const windows = Math.min(newest.windows, Math.max(LEAST_WINDOWS, width - taken));
  const lines = groups.map(({ counts }) => sparkLine(counts.slice(-windows)));
  const byWindow = isByMinute(table) ? 'by minute' : 'by window';
  const columns: readonly TextColumn[] = [
    ...table.groupBy.map((text): TextColumn => ({ title: text, align: 'left' })),
    ...measures.map(({ name }): TextColumn => ({ title: name, align: 'right', rigid: true })),
    { title: windows < newest.windows ? `last ${windows}` : byWindow, align: 'left', rigid: true },
  ];
  const by = table.groupBy.length === 0 ? '' : `the most active by ${table.groupBy.join(', ')} of `;
  const others = newest.groupCount - groups.length;
  return [
    `${title}: ${by}the newest ${spanText(table, newest)} (UTC):`,
    ...textTable(
      columns,
      cells.map((row, at) => [...row, lines[at] ?? '']),
      width,
    ),
    ...(others > 0 ? [`and ${others.toLocaleString('en-US')} less active`] : []),
  ];
}

const isByMinute = ({ windowMs, slideMs }: GoldOverview['table']): boolean =>
  windowMs === MINUTE_MS && slideMs === MINUTE_MS;

/** The windows in words: how many, how long, from when to when. */
function spanText(table: GoldOverview['table'], { windows, from, to }: NewestWindows): string {
  const { windowMs, slideMs } = table;
  if (windows === 1) return `window, ${moment(to, slideMs)}`;
  const times = `${moment(from, slideMs)} to ${moment(to, slideMs)}`;
  if (isByMinute(table)) return `${windows} minutes of closed windows, ${times}`;
  const slide = slideMs === windowMs ? '' : `, one every ${durationText(slideMs).replace(/^1 /, '')}`;
  return `${windows} closed windows of ${durationText(windowMs)}${slide}, ${times}`;
}

/** Digits of a double that people read. */
const DOUBLE_DIGITS = 9;

function measureText({ function: fn, type }: Measure, value: string | null): string {
  if (value === null) return '-';
  if (fn === 'count') return Number(value).toLocaleString('en-US');
  return type.kind === 'double' ? String(Number(Number(value).toPrecision(DOUBLE_DIGITS))) : value;
}

/**
 * `2025-01-02T03:04:00Z` as `2025-01-02 03:04`, with seconds when windows do not begin at whole
 * minutes.
 */
const moment = (instant: string, slideMs: number): string =>
  instant.slice(0, slideMs % MINUTE_MS === 0 ? 16 : -1).replace('T', ' ');

const BLOCKS = [...'▁▂▃▄▅▆▇█'];
/** Marks zero, so that it differs from a small value. */
const NOTHING = '·';

/**
 * Values over time as a line of blocks, each as high as its share of the largest. Zero is a dot.
 */
export function sparkLine(values: readonly number[]): string {
  const most = Math.max(0, ...values);
  return values
    .map((value) => (value <= 0 ? NOTHING : BLOCKS[Math.ceil((value / most) * BLOCKS.length) - 1]))
    .join('');
}
