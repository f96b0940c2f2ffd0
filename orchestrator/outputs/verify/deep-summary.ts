import { type TextColumn, textTable } from '../text-table.ts';
import type { VerifyReport } from './verify-report.ts';

/** What `--deep` compared. */
export function deepLines({ deep }: VerifyReport): readonly string[] {
  if (deep === null) return [];
  const { bronze, silver, quarantine } = deep.equalRows;
  const reasons = Object.entries(deep.reasons).map(([reason, count]) => `${reason} ${number(count)}`);
  return [
    `Values: ${number(deep.records)} records of the topic were derived anew; equal to them are ${number(bronze)} rows of bronze, ` +
      `${number(silver)} of silver, ${number(quarantine)} of quarantine.`,
    ...(reasons.length > 0 ? [`Records that belong in quarantine: ${reasons.join(', ')}.`] : []),
  ];
}

const KEY_COLUMNS = [
  'fault',
  'expected',
  'found',
  'pending',
  'pruned',
  'dropped',
  'counted',
  'open',
  'undecided',
];

/** How the records of an answer key landed, a line for each fault. */
export function answerKeyLines({ answerKey }: VerifyReport, width: number): readonly string[] {
  if (answerKey === null) return [];
  const columns = KEY_COLUMNS.map(
    (title): TextColumn => ({ title, align: title === 'fault' ? 'left' : 'right' }),
  );
  const rows = answerKey.faults.map(({ fault, expected, found, pending, pruned, gold }) => [
    fault,
    ...[expected, found, pending, pruned, gold.dropped, gold.counted, gold.open, gold.undecided].map(number),
  ]);
  return [
    `Answer key ${answerKey.file}, ${number(answerKey.lines)} lines; by gold dropped as late, counted, still open or not decidable:`,
    ...textTable(columns, rows, width).map((line) => `  ${line}`),
    ...(answerKey.unplaced > 0
      ? [
          `  ${number(answerKey.unplaced)} more may be in the topic at offsets that the producer was not told; they are not checked.`,
        ]
      : []),
  ];
}

const number = (value: number): string => value.toLocaleString('en-US');
