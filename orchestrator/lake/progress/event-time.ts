import type { GoldTable, Pipeline } from '../../pipeline/model.ts';
import type { GoldProgress } from './progress.ts';

/** How far a gold table has come in event time. */
export interface EventTimeState {
  readonly table: string;
  /** Unix ms; 0 while there is none. */
  readonly watermarkMs: number;
  /** Windows that are not closed yet. */
  readonly openWindows: number;
  /** An event after this instant (Unix ms) closes all of them; undefined where it is not known. */
  readonly closedAfterMs: number | undefined;
  /** Rows that were dropped because their windows were already closed. */
  readonly late: number;
}

/** A watermark this far ahead cannot come from a clock that is a little fast. */
const AHEAD_MS = 60 * 60_000;

const UNITS = [
  ['year', 365.25 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
] as const;

/**
 * Returns hints about event time for people, one sentence each without its full stop. They report
 * an event of the far future, which closes every window, so that gold drops all later rows; rows
 * that came late; and windows that stay open at the end of a finite input.
 */
export function eventTimeNotes(state: EventTimeState, nowMs: number): readonly string[] {
  const { watermarkMs, openWindows, closedAfterMs, late } = state;
  const aheadMs = watermarkMs - nowMs;
  return [
    ...(aheadMs > AHEAD_MS
      ? [
          `the watermark is ${spanText(aheadMs)} ahead of the clock: rows of earlier windows are dropped as late`,
        ]
      : []),
    ...(late > 0 ? [`${count(late, 'row was', 'rows were')} dropped as late`] : []),
    ...(openWindows > 0
      ? [
          `${count(openWindows, 'window is', 'windows are')} open${closedAfterMs === undefined ? '' : ` until an event after ${timeText(closedAfterMs, nowMs)} comes`}`,
        ]
      : []),
  ];
}

/** Rows that were dropped as late in these micro-batches. */
export const lateRows = (batches: readonly GoldProgress[]): number =>
  batches.reduce((sum, { late }) => sum + late, 0);

/**
 * The same hints from what the job has reported of a gold table, each with its name.
 * @param batches its micro-batches, oldest first
 * @param late rows that were dropped, in these micro-batches and those before
 */
export function goldNotes(
  { eventTime }: Pick<Pipeline, 'eventTime'>,
  { name, windowMs, slideMs }: GoldTable,
  batches: readonly GoldProgress[],
  nowMs: number,
  late = lateRows(batches),
): readonly string[] {
  const last = batches.at(-1);
  if (!last) return [];
  const watermarkMs = last.watermark === null ? 0 : Date.parse(last.watermark);
  // The newest event that the watermark has seen is later by the watermark delay. That
  // event begins the last open window.
  const newestMs = watermarkMs + eventTime.watermarkMs;
  const lastEndMs = Math.floor(newestMs / slideMs) * slideMs + windowMs;
  const closedAfterMs = watermarkMs === 0 ? undefined : lastEndMs + eventTime.watermarkMs;
  const state = { openWindows: last.state.rows, late, watermarkMs, closedAfterMs };
  return eventTimeNotes({ table: name, ...state }, nowMs).map((note) => `${name}: ${note}`);
}

const count = (number: number, one: string, many: string): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;

function spanText(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? UNITS[2];
  const number = Math.floor(ms / size);
  return `${number.toLocaleString('en-US')} ${unit}${number === 1 ? '' : 's'}`;
}

/** Returns the time of day in UTC, with the date where it is not today's. */
function timeText(ms: number, nowMs: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  const text = time.replace(/(\.000)?Z$/, '');
  return date === new Date(nowMs).toISOString().slice(0, 10) ? `${text} UTC` : `${date} ${text} UTC`;
}
