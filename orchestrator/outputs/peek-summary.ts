import type { Peek, SinkOverview } from './peek-outputs.ts';
import { type TextColumn, textTable } from './text-table.ts';

/** A value is cut here before anything is laid out: a record may be a megabyte long. */
const LONGEST_CELL = 500;

const OVERVIEW: readonly TextColumn[] = [
  { title: 'sink', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'files', align: 'right' },
  { title: 'newest file (UTC)', align: 'left' },
];

/** The look as text for a terminal of the given width. */
export function peekText({ sinks, sink, columns, rows }: Peek, width: number): string {
  const titles = columns.map(
    ({ name, instant, numeric }): TextColumn => ({
      title: instant ? `${name} (UTC)` : name,
      align: numeric ? 'right' : 'left',
      rigid: instant || numeric,
    }),
  );
  const cells = rows.map((row) => row.map((cell) => (cell ?? '-').slice(0, LONGEST_CELL)));
  return [
    ...textTable(OVERVIEW, sinks.map(overviewRow), width),
    '',
    ...(rows.length === 0
      ? [`${sink}: no rows yet${sink === 'gold' ? GOLD_FOLLOWS : ''}.`]
      : [`Newest rows of ${sink}:`, ...textTable(titles, cells, width)]),
  ].join('\n');
}

/** The look as `peek --json` prints it. */
export function peekJson({ sinks, sink, columns, rows }: Peek): Readonly<Record<string, unknown>> {
  const names = columns.map(({ name }) => name);
  return {
    sinks,
    sink,
    rows: rows.map((row) => Object.fromEntries(row.map((cell, at) => [names[at], cell]))),
  };
}

const GOLD_FOLLOWS = ', a window follows when event time has passed its end by 5 minutes';

function overviewRow({ sink, rows, files, newestFileAt }: SinkOverview): readonly string[] {
  const newest = newestFileAt === null ? 'no rows yet' : newestFileAt.slice(0, 19).replace('T', ' ');
  return [sink, rows.toLocaleString('en-US'), files.toLocaleString('en-US'), newest];
}
