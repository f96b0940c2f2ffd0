import { basename } from 'node:path';
import { type GoldProgress, type JobProgress, readProgress } from '../lake/progress.ts';
import { loadPipeline, pipelineFolder } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';

/**
 * How far the job's present process has come, as far as its last lines show. It is a contract:
 * `status --json` has these fields.
 */
export interface StreamStatus {
  /**
   * The newest micro-batch of `ingest` that was committed with records; null when the lines show
   * none.
   */
  readonly batch: number | null;
  /** Records of the topic that were waiting behind that micro-batch. */
  readonly lag: number | null;
  /** The smallest of the gold tables' watermarks, ISO-8601 with Z; null while a table has none. */
  readonly watermark: string | null;
  /**
   * Rows of that micro-batch by sink, and of the newest micro-batch of each gold table by its name.
   */
  readonly rows: Readonly<Record<string, number>>;
  /** Records of that micro-batch in quarantine, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Silver rows of that micro-batch for which an expectation (`expect`) is false, by its name. */
  readonly unmet: Readonly<Record<string, number>>;
  /** Rows that gold dropped as late in the micro-batches that the lines show. */
  readonly late: number;
}

export interface StreamReport {
  /** The pipeline's name. */
  readonly pipeline: string;
  readonly stream: StreamStatus;
  /** Hints about event time for people, one sentence each without its full stop. */
  readonly notes: readonly string[];
}

/**
 * Reports how far the job has come.
 * @param lines its last ones, oldest first
 */
export function streamReport(
  config: Pick<StackConfig, 'settings' | 'projectDir'>,
  lines: readonly string[],
  nowMs: number,
): StreamReport {
  const pipeline = pipelineIfThere(config);
  const progress = readProgress(lines);
  return {
    pipeline: pipeline?.name ?? basename(pipelineFolder(config.settings.PIPELINE, config.projectDir)),
    stream: streamStatus(progress),
    notes: pipeline ? pipeline.gold.flatMap((table) => notesOf(pipeline, table, progress, nowMs)) : [],
  };
}

/** `status` must show the services even where the pipeline is missing or damaged. */
function pipelineIfThere({
  settings,
  projectDir,
}: Pick<StackConfig, 'settings' | 'projectDir'>): Pipeline | undefined {
  try {
    return loadPipeline(settings.PIPELINE, projectDir);
  } catch (error) {
    if (error instanceof ProductError) return undefined;
    throw error;
  }
}

function streamStatus({ ingest, gold }: JobProgress): StreamStatus {
  const last = ingest.at(-1);
  const tables = [...gold.values()].flatMap((batches) => batches.slice(-1));
  const watermarks = tables.map(({ watermark }) => watermark);
  return {
    batch: last?.batch ?? null,
    lag: last?.lag ?? null,
    watermark: watermarks.includes(null) ? null : (watermarks.toSorted()[0] ?? null),
    rows: Object.assign({}, last?.rows, ...tables.map(({ rows }) => rows)),
    rejected: last?.rejected ?? {},
    unmet: last?.unmet ?? {},
    late: lateRows([...gold.values()].flat()),
  };
}

const lateRows = (batches: readonly GoldProgress[]): number =>
  batches.reduce((sum, { late }) => sum + late, 0);

function notesOf(
  { eventTime }: Pipeline,
  { name, windowMs, slideMs }: Pipeline['gold'][number],
  { gold }: JobProgress,
  nowMs: number,
): readonly string[] {
  const batches = gold.get(name) ?? [];
  const last = batches.at(-1);
  if (!last) return [];
  const watermarkMs = last.watermark === null ? 0 : Date.parse(last.watermark);
  // The newest event that the watermark has seen is later by the watermark delay. That
  // event begins the last open window.
  const newestMs = watermarkMs + eventTime.watermarkMs;
  const lastEndMs = Math.floor(newestMs / slideMs) * slideMs + windowMs;
  const closedAfterMs = watermarkMs === 0 ? undefined : lastEndMs + eventTime.watermarkMs;
  const state = { openWindows: last.state.rows, late: lateRows(batches), watermarkMs, closedAfterMs };
  return eventTimeNotes({ table: name, ...state }, nowMs).map((note) => `${name}: ${note}`);
}

/** Describes the stream in one line. */
export function streamText({ stream, notes }: Pick<StreamReport, 'stream' | 'notes'>): string {
  if (stream.batch === null) return ['no micro-batch is committed yet', ...notes].join('; ');
  const rows = Object.entries(stream.rows).map(([sink, count]) => `${sink} ${count.toLocaleString('en-US')}`);
  const unmet = Object.entries(stream.unmet)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`);
  return [
    `micro-batch ${stream.batch}: ${rows.join(', ')}`,
    ...(unmet.length > 0 ? [`expectations that are false: ${unmet.join(', ')}`] : []),
    `lag ${(stream.lag ?? 0).toLocaleString('en-US')}`,
    `watermark ${stream.watermark ?? 'none yet'}`,
    ...notes,
  ].join('; ');
}

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
