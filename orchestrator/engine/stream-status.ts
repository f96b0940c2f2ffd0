import { basename } from 'node:path';
import { goldNotes, lateRows } from '../lake/progress/event-time.ts';
import { type JobProgress, readProgress } from '../lake/progress/progress.ts';
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
    notes: pipeline
      ? pipeline.gold.flatMap((table) =>
          goldNotes(pipeline, table, progress.gold.get(table.name) ?? [], nowMs),
        )
      : [],
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
