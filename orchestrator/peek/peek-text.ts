import { eventTimeNotes } from '../lake/progress/event-time.ts';
import { isSinkName } from '../lake/sinks.ts';
import { foldedTable, type TextColumn, textTable } from '../util/text-table.ts';
import { goldJson, goldTableJson } from './gold-overview.ts';
import type { GoldProspect } from './gold-prospect.ts';
import { goldLines } from './gold-text.ts';
import type { Peek, PeekOverview, SinkOverview } from './peek-outputs.ts';
import { rejectedLines } from './rejected-text.ts';
import type { UnmetExpectation } from './unmet-expectations.ts';

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
    ...prunedLines(sinks),
    ...(overview ? overviewLines(overview, width) : []),
    '',
    ...(rows.length === 0
      ? [`${sink}: ${noRows(peek)}.`]
      : [`Newest rows of ${sink}:`, ...foldedTable(titles, cells, width)]),
  ].join('\n');
}

/** The overview as `peek --json` prints it. */
export function peekJson({ sinks, sink, columns, rows, overview }: Peek): Readonly<Record<string, unknown>> {
  const names = columns.map(({ name }) => name);
  return {
    sinks,
    sink,
    rows: rows.map((row) => Object.fromEntries(row.map((cell, at) => [names[at], cell]))),
    ...(overview && overviewJson(overview)),
  };
}

function overviewJson({ gold, ...others }: PeekOverview): Readonly<Record<string, unknown>> {
  const [first] = gold;
  return {
    gold: first === undefined ? null : goldJson(first),
    goldTables: gold.map(goldTableJson),
    ...others,
  };
}

const TAKEN_FROM_SILVER = 'as in the silver files that it was made from; a count(*) by --sql reads it';

/** What was pruned of each sink, in one line. None where nothing was. */
function prunedLines(sinks: readonly SinkOverview[]): readonly string[] {
  const pruned = sinks
    .filter(({ prunedFiles }) => prunedFiles > 0)
    .map(({ sink, prunedFiles, prunedRows }) =>
      prunedRows === null ? `${sink} ${count(prunedFiles, 'file')}` : `${sink} ${count(prunedRows, 'row')}`,
    );
  return pruned.length === 0 ? [] : [`Pruned by MAX_FILES_PER_SINK: ${pruned.join(', ')}.`];
}

const count = (number: number, one: string): string =>
  `${number.toLocaleString('en-US')} ${one}${number === 1 ? '' : 's'}`;

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

/** Gold by table, how far each is in event time, and quarantine. An empty line precedes each part. */
function overviewLines(
  { gold, eventTime, expectations, rejected }: PeekOverview,
  width: number,
): readonly string[] {
  return [
    ...gold.flatMap((overview) => ['', ...goldLines(overview, gold.length, width)]),
    ...(gold.length > 1 ? [''] : []),
    ...eventTime.flatMap(prospectLines),
    '',
    ...expectationLines(expectations),
    ...rejectedLines(rejected, width),
  ];
}

/** The expectations that rows of silver do not meet, in one line. None where all do. */
function expectationLines(expectations: readonly UnmetExpectation[]): readonly string[] {
  const unmet = expectations.filter(({ rows }) => rows > 0);
  if (unmet.length === 0) return [];
  const each = unmet.map(({ name, rows }) => `${name} for ${count(rows, 'row')}`);
  return [`Expectations that are false in silver: ${each.join(', ')}.`];
}

function prospectLines({ watermark, closedAfter, ...state }: GoldProspect): readonly string[] {
  const ms = (instant: string | null) => (instant === null ? undefined : Date.parse(instant));
  const times = { watermarkMs: ms(watermark) ?? 0, closedAfterMs: ms(closedAfter) };
  return eventTimeNotes({ ...state, ...times }, Date.now()).map((note) => `${state.table}: ${note}.`);
}
