import { type TextColumn, textTable } from '../util/text-table.ts';
import type { RejectedReason } from './rejected.ts';

/** Reasons that are shown. A contract of 60 fields can have more than a hundred. */
const MOST_REASONS = 20;
const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;
/** The width that the widest bar leaves for reason, count and share. */
const BESIDE_BAR = 44;

const REASON_COLUMNS: readonly TextColumn[] = [
  { title: 'reason', align: 'left' },
  { title: 'rows', align: 'right', rigid: true },
  { title: 'share', align: 'right', rigid: true },
  { title: '', align: 'left', rigid: true },
];

const EXAMPLE_COLUMNS: readonly TextColumn[] = [
  { title: 'reason', align: 'left', rigid: true },
  { title: 'partition', align: 'right', rigid: true },
  { title: 'offset', align: 'right', rigid: true },
  { title: 'an example', align: 'left' },
];

/**
 * The reasons of quarantine as bars, and for each an example: what was wrong, and below it the value
 * of the record.
 */
export function rejectedLines(rejected: readonly RejectedReason[], width: number): readonly string[] {
  const total = rejected.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0) return ['Rejected: nothing in quarantine.'];
  const shown = rejected.slice(0, MOST_REASONS);
  const others = rejected.slice(MOST_REASONS);
  const largest = Math.max(...shown.map(({ rows }) => rows));
  const longest = Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, width - BESIDE_BAR));
  const rows = shown.map(({ reason, rows: count }) => [
    reason,
    count.toLocaleString('en-US'),
    `${((count / total) * 100).toFixed(1)} %`,
    bar(count, largest, longest),
  ]);
  return [
    `Rejected records, ${total.toLocaleString('en-US')} in quarantine:`,
    ...textTable(REASON_COLUMNS, rows, width),
    ...(others.length > 0 ? [othersLine(others)] : []),
    '',
    ...textTable(EXAMPLE_COLUMNS, shown.flatMap(exampleRows), width),
  ];
}

function exampleRows({ reason, partition, offset, example, value }: RejectedReason): string[][] {
  const texts = [example, value].filter((text) => text !== null);
  const record = [reason, String(partition), String(offset)];
  return [[...record, texts[0] ?? '-'], ...texts.slice(1).map((text) => ['', '', '', text])];
}

function othersLine(others: readonly RejectedReason[]): string {
  const records = others.reduce((sum, { rows }) => sum + rows, 0).toLocaleString('en-US');
  const reasons = `${others.length} other reason${others.length === 1 ? '' : 's'}`;
  return `and ${records} of ${reasons}: peek --json has all`;
}

const EIGHTHS = ['', ...'▏▎▍▌▋▊▉'];

/**
 * A bar as long as a value's share of the largest, in eighths of a character. It is never
 * invisible.
 */
export function bar(value: number, largest: number, width: number): string {
  const eighths = largest <= 0 ? 0 : Math.max(1, Math.round((value / largest) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
