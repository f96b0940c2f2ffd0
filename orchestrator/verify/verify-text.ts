import { isSinkName } from '../lake/sinks.ts';
import { type TextColumn, textTable } from '../util/text-table.ts';
import { pipedCommand } from '../util/user-command.ts';
import type { Difference, VerifyReport } from './report.ts';

/** The report as `verify --json` prints it. The names of its fields are a contract. */
export function verifyJson(report: VerifyReport): Readonly<Record<string, unknown>> {
  const { equal, topic, partitions, counts, lag, pruned, differences, differenceCount } = report;
  const { committedBatch, gold, deep, answerKey, notCompared } = report;
  return {
    equal,
    topic,
    committedBatch,
    partitions,
    counts,
    lag,
    pruned,
    gold,
    deep,
    answerKey,
    notCompared,
    differences,
    differenceCount,
  };
}

const COUNTED = ['bronze', 'silver', 'quarantine', 'gold', 'raw_csv'] as const;

/** Differences shown to people. `--json` has more. */
const SHOWN_DIFFERENCES = 20;

const COLUMNS = [
  'partition',
  'begin',
  'start',
  'committed',
  'end',
  'lag',
  'bronze',
  'missing',
  'doubled',
  'pruned',
] as const;

/**
 * The report for people: a table of partitions, counts, what could not be compared, and the verdict
 * as its last line.
 */
export function summarise(report: VerifyReport, width = 120): string {
  const columns = COLUMNS.map((title): TextColumn => ({ title, align: 'right' }));
  const rows = report.partitions.map((partition) => COLUMNS.map((name) => number(partition[name])));
  const batch = report.committedBatch;
  return [
    `Topic ${report.topic}, outputs up to ${batch === null ? 'no micro-batch yet' : `micro-batch ${batch}`}:`,
    ...textTable(columns, rows, width).map((line) => `  ${line}`),
    `Rows: ${COUNTED.map((sink) => `${sink} ${number(report.counts[sink])}`).join(', ')}.`,
    ...goldLines(report),
    ...prunedLines(report),
    ...noRecordLines(report),
    ...heldBackLines(report),
    ...deepLines(report),
    ...answerKeyLines(report, width),
    ...report.notCompared.map(
      ({ sink, reason, count }) =>
        `Not compared: ${sink}${count === null ? '' : `, ${number(count)} ${isSinkName(sink) ? 'records' : 'windows'}`}: ${reason}.`,
    ),
    ...differenceLines(report),
    verdict(report),
  ].join('\n');
}

function goldLines({ gold, deep }: VerifyReport): readonly string[] {
  return gold.tables.map((table) => {
    const title = gold.tables.length === 1 ? 'Gold' : `Gold table ${table.name}`;
    const unread =
      table.unreadFiles === 1 ? '1 file of silver is' : `${number(table.unreadFiles)} files of silver are`;
    const waiting = table.unreadFiles === 0 ? '' : ` ${unread} not read by it yet.`;
    if (table.watermark === null) return `${title}: no window is closed yet.${waiting}`;
    const equal =
      table.equalWindows === 1
        ? '1 closed window equals'
        : `${number(table.equalWindows)} closed windows equal`;
    const silver = deep ? 'what the records give' : 'silver';
    const dropped =
      table.late === 1 ? '1 late row was dropped' : `${number(table.late)} late rows were dropped`;
    const late = table.late === 0 ? '' : ` ${dropped}.`;
    return `${title}: ${equal} ${silver}; the watermark is ${table.watermark}.${late}${waiting}`;
  });
}

function prunedLines({ pruned }: VerifyReport): readonly string[] {
  if (pruned.length === 0) return [];
  const sinks = pruned.map(
    ({ sink, throughBatch, files }) => `${sink} up to micro-batch ${throughBatch} (${number(files)} files)`,
  );
  return [`Pruned by MAX_FILES_PER_SINK, not compared: ${sinks.join(', ')}.`];
}

/** Committed offsets without a record that the job should have read. */
function noRecordLines({ partitions }: VerifyReport): readonly string[] {
  const total = (of: 'markers' | 'aborted' | 'compacted') =>
    partitions.reduce((sum, partition) => sum + partition[of], 0);
  const parts = [
    [total('markers'), 'hold transaction markers'],
    [total('aborted'), 'hold records of aborted transactions'],
    [total('compacted'), 'were compacted away'],
  ] as const;
  const found = parts.filter(([count]) => count > 0).map(([count, what]) => `${number(count)} ${what}`);
  return found.length === 0 ? [] : [`Offsets that are no records to read: ${found.join(', ')}.`];
}

/** What the log holds after the first open transaction begins. */
function heldBackLines({ partitions }: VerifyReport): readonly string[] {
  const offsets = partitions.reduce((sum, { end, logEnd }) => sum + (logEnd ?? 0) - (end ?? 0), 0);
  return offsets === 0
    ? []
    : [`An open transaction holds back ${number(offsets)} offsets: committed readers get them when it ends.`];
}

function differenceLines({ differences, differenceCount }: VerifyReport): readonly string[] {
  if (differenceCount === 0) return [];
  const shown = differences.slice(0, SHOWN_DIFFERENCES);
  const more = differenceCount - shown.length;
  return [
    'Differences:',
    ...shown.map((difference) => `  ${sentence(difference)}`),
    ...(more > 0
      ? [`  and ${number(more)} more; \`${pipedCommand('verify', '--json')}\` lists further ones`]
      : []),
  ];
}

function sentence({ kind, sink, partition, from, to, count, detail }: Difference): string {
  const place = [
    ...(sink === null ? [] : [sink]),
    ...(partition === null ? [] : [`partition ${partition}`]),
    ...(from === null || to === null ? [] : [from === to ? `offset ${from}` : `offsets ${from} to ${to}`]),
    ...(count === 1 ? [] : [`${number(count)} in all`]),
  ];
  return `${[kind, place.join(', ')].filter(Boolean).join(' in ')}: ${detail}`;
}

function verdict({ equal, lag, differenceCount }: VerifyReport): string {
  const waiting =
    lag === 0
      ? 'nothing of the topic is waiting'
      : `${number(lag)} records of the topic are not processed yet`;
  if (equal) return `Equal; ${waiting}.`;
  return `${number(differenceCount)} difference${differenceCount === 1 ? '' : 's'}; ${waiting}.`;
}

const number = (value: number | null): string => (value === null ? '-' : value.toLocaleString('en-US'));

/** The result of `--deep`. */
function deepLines({ deep }: VerifyReport): readonly string[] {
  if (deep === null) return [];
  const { bronze, silver, quarantine } = deep.equalRows;
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${number(count)}`);
  const [reasons, unmet] = [counts(deep.reasons), counts(deep.unmet)];
  return [
    `Values: ${number(deep.records)} records of the topic were derived again; equal to them are ${number(bronze)} rows of bronze, ` +
      `${number(silver)} of silver, ${number(quarantine)} of quarantine.`,
    ...(reasons.length > 0 ? [`Records that belong in quarantine: ${reasons.join(', ')}.`] : []),
    ...(unmet.length > 0 ? [`Records for which an expectation is false: ${unmet.join(', ')}.`] : []),
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
function answerKeyLines({ answerKey }: VerifyReport, width: number): readonly string[] {
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
          `  ${number(answerKey.unplaced)} more may be in the topic at offsets that the producer did not receive; they are not checked.`,
        ]
      : []),
  ];
}
