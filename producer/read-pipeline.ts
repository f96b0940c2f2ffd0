import { join } from 'node:path';
import { loadPipeline, pipelineFolder } from '../orchestrator/pipeline/load-pipeline.ts';
import type { Pipeline } from '../orchestrator/pipeline/model.ts';
import { ProductError } from '../orchestrator/util/product-error.ts';
import { ConfigError } from './errors.ts';

/** The checkout, or the folder of the program in the image, where `pipelines/` is mounted. */
const PROJECT = join(import.meta.dirname, '..');

/**
 * Reads the resolved pipeline.
 *
 * @param setting PIPELINE: a name in `pipelines/`, or a path where it has a slash or begins with a
 * dot
 * @throws {ConfigError} when there is no such pipeline, or its file is none
 */
export function readPipeline(setting: string): { readonly pipeline: Pipeline; readonly folder: string } {
  try {
    return { pipeline: loadPipeline(setting, PROJECT), folder: pipelineFolder(setting, PROJECT) };
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    throw new ConfigError(`${error.message} ${error.hint}`, { cause: error });
  }
}
