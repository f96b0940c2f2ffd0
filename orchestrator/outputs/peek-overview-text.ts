import { eventTimeNotes } from '../core/event-time-notes.ts';
import type { GoldOverview } from './peek-gold.ts';
import type { PeekOverview } from './peek-outputs.ts';
import type { GoldProspect } from './peek-prospect.ts';
import type { RejectedReason } from './peek-rejected.ts';
import { bar, sparkLine } from './spark-line.ts';
import { type TextColumn, textTable } from './text-table.ts';

/** Spark-lines are cut to what the width leaves beside the other columns, the newest windows last, and never below this. */
const LEAST_WINDOWS = 8;
const LONGEST_BAR = 40;
/** What the widest bar leaves for reason, count and share. */
const BESIDE_BAR = 44;

/** Gold as a table with a spark-line per card, and the reasons of quarantine as bars; each behind an empty line. */
export function overviewLines(overview: PeekOverview, width: number): readonly string[] {
  const { gold, eventTime, rejected } = overview;
  return [
    '',
    ...goldLines(gold, width),
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

function goldLines(gold: GoldOverview | null, width: number): readonly string[] {
  if (!gold) {
    return ['Gold: no closed window yet; one follows when event time has passed its end by the watermark.'];
  }
  const cells = gold.cards.map((card) => [
    card.card_id,
    card.txn_count.toLocaleString('en-US'),
    card.sum_amount,
    card.max_amount,
  ]);
  const titles = ['card_id', 'txn_count', 'sum_amount', 'max_amount'];
  const taken = titles
    .map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)) + 2)
    .reduce((sum, one) => sum + one, 0);
  const windows = Math.min(gold.windows, Math.max(LEAST_WINDOWS, width - taken));
  const columns: readonly TextColumn[] = [
    { title: 'card_id', align: 'left' },
    ...titles.slice(1).map((title): TextColumn => ({ title, align: 'right', rigid: true })),
    { title: windows < gold.windows ? `last ${windows}` : 'by minute', align: 'left', rigid: true },
  ];
  const rows = gold.cards.map(({ txn_counts }, at) => [
    ...(cells[at] ?? []),
    sparkLine(txn_counts.slice(-windows)),
  ]);
  const span =
    gold.windows === 1
      ? `window, ${minute(gold.to)}`
      : `${gold.windows} minutes of closed windows, ${minute(gold.from)} to ${minute(gold.to)}`;
  return [`Gold: the most active cards of the newest ${span} (UTC):`, ...textTable(columns, rows, width)];
}

function rejectedLines(rejected: readonly RejectedReason[], width: number): readonly string[] {
  const total = rejected.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0) return ['Rejected: nothing in quarantine.'];
  const largest = Math.max(...rejected.map(({ rows }) => rows));
  const longest = Math.max(LEAST_WINDOWS, Math.min(LONGEST_BAR, width - BESIDE_BAR));
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
  ];
}

/** `2025-01-02T03:04:00Z` as `2025-01-02 03:04`. */
const minute = (instant: string): string => instant.slice(0, 16).replace('T', ' ');
