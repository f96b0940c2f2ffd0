import { join } from 'node:path';
import { pipelineChanges } from '../pipeline/compatibility.ts';
import { parsePipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { localOutputPath } from './local-path.ts';
import { readIfPresent } from './optional-file.ts';

/** The pipeline of the first start, which the job keeps beside the checkpoints. */
export const KEPT_PIPELINE = '_pipeline.json';

/**
 * The pipeline that outputs were made by: the one at hand, unless the outputs are those of another that it does not merely add to.
 * @throws ProductError OUTPUT_NOT_LOCAL; BAD_PIPELINE naming the file when the kept one is damaged
 */
export async function pipelineOfOutputs(outputPath: string, atHand: Pipeline): Promise<Pipeline> {
  const kept = await keptPipeline(outputPath);
  return kept && pipelineChanges(kept, atHand).changed.length > 0 ? kept : atHand;
}

/** The pipeline of the first start; undefined when the job has not begun. */
export async function keptPipeline(outputPath: string): Promise<Pipeline | undefined> {
  const path = join(localOutputPath(outputPath), '_chk', KEPT_PIPELINE);
  const content = await readIfPresent(path);
  return content === undefined ? undefined : parsePipeline(content, path);
}
