import type { StackConfig } from '../config/stack-config.ts';
import { pipelineOfOutputs } from '../outputs/outputs-pipeline.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';

/**
 * The pipeline that outputs were made by: that of PIPELINE, or the one that is kept with them where it is another.
 * @throws ProductError BAD_SETTING, BAD_PIPELINE; OUTPUT_NOT_LOCAL
 */
export async function pipelineOf(
  { settings, projectDir }: Pick<StackConfig, 'settings' | 'projectDir'>,
  outputPath: string,
): Promise<Pipeline> {
  return pipelineOfOutputs(outputPath, loadPipeline(settings.PIPELINE, projectDir));
}
