import { basename } from 'node:path';
import { goldNotes } from '../lake/progress/event-time.ts';
import { readProgress } from '../lake/progress/progress.ts';
import { type StreamStatus, streamStatus } from '../lake/progress/stream-status.ts';
import { loadPipeline, pipelineFolder } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';

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
