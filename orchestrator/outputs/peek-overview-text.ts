import { eventTimeNotes } from '../core/event-time-notes.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { countMeasures, type GoldOverview } from './peek-gold.ts';
import type { PeekOverview } from './peek-outputs.ts';
import type { GoldProspect } from './peek-prospect.ts';
import type { RejectedReason } from './peek-rejected.ts';
import { bar, sparkLine } from './spark-line.ts';
import { type TextColumn, textTable } from './text-table.ts';

/** Spark-lines are cut to what the width leaves beside the other columns, the newest windows last, and never below this. */
const LEAST_WINDOWS = 8;
const LONGEST_BAR = 40;
const MINUTE_MS = 60_000;
/** What the widest bar leaves for reason, count and share. */
const BESIDE_BAR = 44;

/** Gold as a table with a spark-line per group, and the reasons of quarantine as bars, each with an example; each behind an empty line. */
export function overviewLines(overview: PeekOverview, pipeline: Pipeline, width: number): readonly string[] {
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

/** `2025-01-02T03:04:00Z` as `2025-01-02 03:04`, with seconds where windows begin at such. */
const moment = (instant: string, slideMs: number): string =>
  instant.slice(0, slideMs % MINUTE_MS === 0 ? 16 : -1).replace('T', ' ');
