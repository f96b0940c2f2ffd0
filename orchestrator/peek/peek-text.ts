import { eventTimeNotes } from '../engine/stream-status.ts';
import { isSinkName } from '../lake/sinks.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { type TextColumn, textTable } from '../util/text-table.ts';
import { countMeasures, type GoldOverview, type GoldProspect, goldJson } from './gold-overview.ts';
import type { Peek, PeekOverview, RejectedReason, SinkOverview } from './peek-outputs.ts';

/** A value is cut at this length before the layout: a record may be a megabyte long. */
const LONGEST_CELL = 500;

const SINKS_TABLE: readonly TextColumn[] = [
  { title: 'sink', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'files', align: 'right' },
  { title: 'newest file (UTC)', align: 'left' },
];

/** The overview as text for a terminal of the given width, without colours. */
export function peekText(peek: Peek, width: number): string {
  const { sinks, sink, columns, rows, overview } = peek;
  const titles = columns.map(
    ({ name, instant, numeric }): TextColumn => ({
      title: instant ? `${name} (UTC)` : name,
      align: numeric ? 'right' : 'left',
      rigid: instant || numeric,
    }),
  );
  const cells = rows.map((row) => row.map((cell) => (cell ?? '-').slice(0, LONGEST_CELL)));
  return [
    ...textTable(SINKS_TABLE, sinks.map(sinkRow), width),
    ...sinks
      .filter(({ countedIn }) => countedIn === 'silver')
      .map(({ sink }) => `* ${sink} ${TAKEN_FROM_SILVER}`),
    ...sinks.filter(({ prunedFiles }) => prunedFiles > 0).map(prunedLine),
    ...(overview ? overviewLines(overview, peek.pipeline, width) : []),
    '',
    ...(rows.length === 0
      ? [`${sink}: ${noRows(peek)}.`]
      : [`Newest rows of ${sink}:`, ...textTable(titles, cells, width)]),
  ].join('\n');
}

/** The overview as `peek --json` prints it. */
export function peekJson({
  pipeline,
  sinks,
  sink,
  columns,
  rows,
  overview,
}: Peek): Readonly<Record<string, unknown>> {
  const names = columns.map(({ name }) => name);
  return {
    sinks,
    sink,
    rows: rows.map((row) => Object.fromEntries(row.map((cell, at) => [names[at], cell]))),
    ...(overview && { ...overview, gold: goldJson(overview.gold, pipeline) }),
  };
}

const TAKEN_FROM_SILVER = 'as in the silver files that it was made from; a count(*) by --sql reads it';

function prunedLine({ sink, prunedFiles, prunedRows }: SinkOverview): string {
  const what =
    prunedRows === null
      ? `${prunedFiles.toLocaleString('en-US')} older files`
      : `${prunedRows.toLocaleString('en-US')} rows of older files`;
  return `${sink}: ${what} pruned (MAX_FILES_PER_SINK)`;
}

function noRows({ sinks, sink }: Peek): string {
  if ((sinks.find((one) => one.sink === sink)?.rows ?? 0) > 0) return 'no rows shown, as --limit 0 asks';
  if (!isSinkName(sink))
    return 'no rows yet, a window follows when event time has passed its end by the watermark';
  return sink === 'quarantine' ? 'no rows yet, nothing was rejected' : 'no rows yet';
}

function sinkRow({ sink, rows, files, countedIn, newestFileAt }: SinkOverview): readonly string[] {
  const newest = newestFileAt === null ? 'no rows yet' : newestFileAt.slice(0, 19).replace('T', ' ');
  const mark = countedIn === 'silver' ? '* ' : '';
  return [sink, `${mark}${rows.toLocaleString('en-US')}`, files.toLocaleString('en-US'), newest];
}

/**
 * Spark-lines are cut to the width that the other columns leave. They keep the newest windows, and
 * never become shorter than this.
 */
const LEAST_WINDOWS = 8;
const LONGEST_BAR = 40;
const MINUTE_MS = 60_000;
/** The width that the widest bar leaves for reason, count and share. */
const BESIDE_BAR = 44;

/**
 * Gold as a table with a spark-line per group, and the reasons of quarantine as bars, each with an
 * example. An empty line precedes each part.
 */
function overviewLines(overview: PeekOverview, pipeline: Pipeline, width: number): readonly string[] {
  const { gold, eventTime, rejected } = overview;
  return [
    ...(pipeline.gold.length > 0 ? ['', ...goldLines(gold, pipeline, width)] : []),
    ...eventTime.flatMap(prospectLines),
    '',
    ...rejectedLines(rejected, width),
  ];
}

function prospectLines({ watermark, closedAfter, ...state }: GoldProspect): readonly string[] {
  const ms = (instant: string | null) => (instant === null ? undefined : Date.parse(instant));
  const times = { watermarkMs: ms(watermark) ?? 0, closedAfterMs: ms(closedAfter) };
  return eventTimeNotes({ ...state, ...times }, Date.now()).map((note) => `${state.table}: ${note}.`);
}

function goldLines(gold: GoldOverview | null, pipeline: Pipeline, width: number): readonly string[] {
  if (!gold) {
    return ['Gold: no closed window yet; one follows when event time has passed its end by the watermark.'];
  }
  const isCount = new Set(countMeasures(pipeline, gold.table));
  const cells = gold.groups.map(({ keys, measures }) => [
    ...keys.map((key) => key ?? '-'),
    ...measures.map((value, at) => {
      if (value === null) return '-';
      return isCount.has(gold.measures[at] ?? '') ? Number(value).toLocaleString('en-US') : value;
    }),
  ]);
  const titles = [...gold.keys, ...gold.measures];
  const taken = titles
    .map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)) + 2)
    .reduce((sum, one) => sum + one, 0);
  const windows = Math.min(gold.windows, Math.max(LEAST_WINDOWS, width - taken));
  const isByMinute = gold.slideMs === MINUTE_MS;
  const columns: readonly TextColumn[] = [
    ...gold.keys.map((title): TextColumn => ({ title, align: 'left' })),
    ...gold.measures.map((title): TextColumn => ({ title, align: 'right', rigid: true })),
    {
      title: windows < gold.windows ? `last ${windows}` : isByMinute ? 'by minute' : 'by window',
      align: 'left',
      rigid: true,
    },
  ];
  const rows = gold.groups.map(({ counts }, at) => [...(cells[at] ?? []), sparkLine(counts.slice(-windows))]);
  const unit = isByMinute ? 'minutes of closed windows' : 'closed windows';
  const span =
    gold.windows === 1
      ? `window, ${moment(gold.to, gold.slideMs)}`
      : `${gold.windows} ${unit}, ${moment(gold.from, gold.slideMs)} to ${moment(gold.to, gold.slideMs)}`;
  const title = pipeline.gold.length === 1 ? 'Gold' : `Gold table ${gold.table}`;
  const groups = gold.keys.length === 0 ? '' : `the most active by ${gold.keys.join(', ')} of `;
  return [`${title}: ${groups}the newest ${span} (UTC):`, ...textTable(columns, rows, width)];
}

function rejectedLines(rejected: readonly RejectedReason[], width: number): readonly string[] {
  const total = rejected.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0) return ['Rejected: nothing in quarantine.'];
  const largest = Math.max(...rejected.map(({ rows }) => rows));
  const longest = Math.max(LEAST_WINDOWS, Math.min(LONGEST_BAR, width - BESIDE_BAR));
  const examples = rejected.flatMap(({ reason, example }) => (example === null ? [] : [[reason, example]]));
  const rows = rejected.map(({ reason, rows: count }) => [
    reason,
    count.toLocaleString('en-US'),
    `${((count / total) * 100).toFixed(1)} %`,
    bar(count, largest, longest),
  ]);
  const columns: readonly TextColumn[] = [
    { title: 'reason', align: 'left' },
    { title: 'rows', align: 'right', rigid: true },
    { title: 'share', align: 'right', rigid: true },
    { title: '', align: 'left', rigid: true },
  ];
  return [
    `Rejected records, ${total.toLocaleString('en-US')} in quarantine:`,
    ...textTable(columns, rows, width),
    ...(examples.length > 0 ? ['', ...textTable(EXAMPLE_COLUMNS, examples, width)] : []),
  ];
}

const EXAMPLE_COLUMNS: readonly TextColumn[] = [
  { title: 'reason', align: 'left', rigid: true },
  { title: 'an example', align: 'left' },
];

/**
 * `2025-01-02T03:04:00Z` as `2025-01-02 03:04`, with seconds when windows do not begin at whole
 * minutes.
 */
const moment = (instant: string, slideMs: number): string =>
  instant.slice(0, slideMs % MINUTE_MS === 0 ? 16 : -1).replace('T', ' ');

const BLOCKS = [...'▁▂▃▄▅▆▇█'];
const EIGHTHS = ['', ...'▏▎▍▌▋▊▉'];
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

/**
 * A bar as long as a value's share of the largest, in eighths of a character. It is never
 * invisible.
 */
export function bar(value: number, largest: number, width: number): string {
  const eighths = largest <= 0 ? 0 : Math.max(1, Math.round((value / largest) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
