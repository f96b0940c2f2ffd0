import { lastCommittedBatch } from '../lake/checkpoint.ts';
import { committedFiles, type SinkFile } from '../lake/committed-files.ts';
import type { GoldTable, Pipeline } from '../pipeline/model.ts';
import { type GoldOverview, goldOverview } from './gold-overview.ts';
import { readOutputs } from './read-outputs.ts';
import { type RejectedReason, rejectedReasons } from './rejected.ts';

interface NewestOptions {
  /** OUTPUT_PATH, on the local disk. */
  readonly outputPath: string;
  /** The pipeline that makes the outputs. */
  readonly pipeline: Pipeline;
  readonly signal?: AbortSignal;
}

/** Micro-batches whose files are read, the newest: the cost must not grow with the outputs. */
const NEWEST_BATCHES = 48;

/**
 * The most active groups of a gold table in its newest windows. They are in its newest files,
 * because windows close in the order of their ends.
 * @throws ProductError OUTPUT_CHANGED, OUTPUT_NOT_LOCAL, OUTPUT_DAMAGED; the signal's reason
 */
export function peekGold(
  { outputPath, pipeline, signal }: NewestOptions,
  table: GoldTable,
): Promise<GoldOverview> {
  return readOutputs(signal, async (database) => {
    const files = await committedFiles(outputPath, table.name, undefined);
    return goldOverview(database, pipeline, table, ofNewestBatches(files));
  });
}

/**
 * Why records of the newest micro-batches were rejected, with the newest example of each reason.
 * @throws ProductError OUTPUT_CHANGED, OUTPUT_NOT_LOCAL, OUTPUT_DAMAGED; the signal's reason
 */
export function peekRejected({ outputPath, signal }: NewestOptions): Promise<readonly RejectedReason[]> {
  return readOutputs(signal, async (database) => {
    const through = await lastCommittedBatch(outputPath, 'silver');
    return rejectedReasons(
      database,
      ofNewestBatches(await committedFiles(outputPath, 'quarantine', through)),
    );
  });
}

/** @param files ordered by micro-batch; each may have several */
function ofNewestBatches(files: readonly SinkFile[]): readonly SinkFile[] {
  const batches = [...new Set(files.map(({ batch }) => batch))].slice(-NEWEST_BATCHES);
  const first = batches[0] ?? 0;
  return files.filter(({ batch }) => batch >= first);
}
