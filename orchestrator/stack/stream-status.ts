import { basename } from 'node:path';
import type { StackConfig } from '../config/stack-config.ts';
import { eventTimeNotes } from '../core/event-time-notes.ts';
import { ProductError } from '../core/product-error.ts';
import { loadPipeline, pipelineFolder } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { type GoldProgress, type JobProgress, readProgress } from '../probes/progress.ts';

/** How far the job's present process has come, as far as its last lines tell: a contract, `status --json` has these fields. */
export interface StreamStatus {
  /** The newest micro-batch of `ingest` that was committed with records; null when the lines tell of none. */
  readonly batch: number | null;
  /** Records of the topic that were waiting behind it. */
  readonly lag: number | null;
  /** The least of the gold tables' watermarks, ISO-8601 with Z; null as long as one has none. */
  readonly watermark: string | null;
  /** Of that micro-batch by sink, and of the newest micro-batch of each gold table by its name. */
  readonly rows: Readonly<Record<string, number>>;
  /** Records of that micro-batch in quarantine, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Rows that gold dropped as late in the micro-batches that the lines tell of. */
  readonly late: number;
}

export interface StreamReport {
  /** The pipeline's name. */
  readonly pipeline: string;
  readonly stream: StreamStatus;
  /** What people should know of event time, a sentence each without its stop. */
  readonly notes: readonly string[];
}

/** Tells how far the job has come. @param lines its last ones, oldest first */
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

/** `status` tells of services also where the pipeline is gone or damaged. */
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
  // The newest event that the watermark knows of is as much later, and begins the last window that is open.
  const newestMs = watermarkMs + eventTime.watermarkMs;
  const lastEndMs = Math.floor(newestMs / slideMs) * slideMs + windowMs;
  const closedAfterMs = watermarkMs === 0 ? undefined : lastEndMs + eventTime.watermarkMs;
  const state = { openWindows: last.state.rows, late: lateRows(batches), watermarkMs, closedAfterMs };
  return eventTimeNotes({ table: name, ...state }, nowMs).map((note) => `${name}: ${note}`);
}

/** The stream in one line. */
export function streamText({ stream, notes }: Pick<StreamReport, 'stream' | 'notes'>): string {
  if (stream.batch === null) return ['no micro-batch is committed yet', ...notes].join('; ');
  const rows = Object.entries(stream.rows).map(([sink, count]) => `${sink} ${count.toLocaleString('en-US')}`);
  return [
    `micro-batch ${stream.batch}: ${rows.join(', ')}`,
    `lag ${(stream.lag ?? 0).toLocaleString('en-US')}`,
    `watermark ${stream.watermark ?? 'none yet'}`,
    ...notes,
  ].join('; ');
}
