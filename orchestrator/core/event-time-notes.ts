/** Where a gold table stands in event time. */
export interface EventTimeState {
  readonly table: string;
  /** Unix ms; 0 as long as there is none. */
  readonly watermarkMs: number;
  /** Windows that are not closed yet. */
  readonly openWindows: number;
  /** An event after this instant (Unix ms) closes all of them; undefined where it is not known. */
  readonly closedAfterMs: number | undefined;
  /** Rows that were dropped since their windows were closed. */
  readonly late: number;
}

/** A watermark as far ahead as this is no clock that is a little fast. */
const AHEAD_MS = 60 * 60_000;

const UNITS = [
  ['year', 365.25 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
] as const;

/**
 * What people should know of event time, a sentence each, without its stop: a single event of a far future closes every window, after which gold
 * drops all that follows; rows that came late; and what of a finite input stays open.
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

const count = (number: number, one: string, many: string): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;

function spanText(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? UNITS[2];
  const number = Math.floor(ms / size);
  return `${number.toLocaleString('en-US')} ${unit}${number === 1 ? '' : 's'}`;
}

/** The time of day in UTC, with the date where it is another day than now. */
function timeText(ms: number, nowMs: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  const text = time.replace(/(\.000)?Z$/, '');
  return date === new Date(nowMs).toISOString().slice(0, 10) ? `${text} UTC` : `${date} ${text} UTC`;
}
