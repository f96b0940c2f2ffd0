import { join } from 'node:path';
import { parsePipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { pipelineChanges } from '../pipeline/pipeline-changes.ts';
import { localPath, readIfPresent } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { localOutputPath } from './sinks.ts';

/** The pipeline of the first start. The job keeps it next to the checkpoints. */
const KEPT_PIPELINE = '_pipeline.json';
/** The topic of the first start, kept beside it. */
const KEPT_SOURCE = '_source.json';
/** How many differences an error lists. */
const SHOWN_CHANGES = 5;

/**
 * The pipeline that made the outputs: the given one, unless the outputs are from a pipeline that
 * differs by more than additions.
 * @throws ProductError OUTPUT_NOT_LOCAL; BAD_PIPELINE naming the file when the kept one is damaged
 */
export async function pipelineOfOutputs(outputPath: string, atHand: Pipeline): Promise<Pipeline> {
  const kept = await keptPipeline(outputPath);
  return kept && pipelineChanges(kept, atHand).changed.length > 0 ? kept : atHand;
}

/** What a start would write outputs with. */
export interface Start {
  readonly pipeline: Pipeline;
  /** PIPELINE, as it is set. */
  readonly setting: string;
  readonly topic: string;
}

/**
 * Checks before a start what the job checks at its own: outputs belong to the pipeline and to the
 * topic that made them. Outputs elsewhere than on the local disk are left to the job.
 * @throws ProductError OTHER_PIPELINE with the differences
 */
export async function assertOwnOutputs(
  outputPath: string,
  { pipeline, setting, topic }: Start,
): Promise<void> {
  if (localPath(outputPath) === undefined) return;
  const kept = await keptPipeline(outputPath);
  const changed = kept ? pipelineChanges(kept, pipeline).changed : [];
  if (kept && changed.length > 0) throw otherPipeline(outputPath, kept, changed, pipeline, setting);
  const keptTopic = await topicOfOutputs(outputPath);
  if (keptTopic === undefined || keptTopic === topic) return;
  throw new ProductError('OTHER_PIPELINE', {
    message: `The outputs in ${outputPath} were made from the topic ${keptTopic}, and this start reads ${topic}.`,
    hint: `KAFKA_TOPIC=${keptTopic} continues with them; another OUTPUT_DIR keeps both; \`${userCommand('reset', `--pipeline ${setting}`)}\` wipes topic and outputs, and starts with ${topic}.`,
  });
}

function otherPipeline(
  outputPath: string,
  kept: Pipeline,
  changed: readonly string[],
  atHand: Pipeline,
  setting: string,
): ProductError {
  const more = changed.length > SHOWN_CHANGES ? `; and ${changed.length - SHOWN_CHANGES} more` : '';
  const isOther = kept.name !== atHand.name;
  return new ProductError('OTHER_PIPELINE', {
    message: `The outputs in ${outputPath} were made by ${isOther ? `the pipeline ${kept.name}, and PIPELINE=${setting} makes others` : `the pipeline ${kept.name} as it was before`}: ${changed.slice(0, SHOWN_CHANGES).join('; ')}${more}.`,
    hint: isOther
      ? `\`${userCommand('reset', `--pipeline ${setting}`)}\` wipes topic and outputs, and starts with it; another OUTPUT_DIR keeps both.`
      : `\`${userCommand('reset', '--keep-topic')}\` makes them again from the topic.`,
  });
}

/** The pipeline of the first start. Undefined when the job has not begun. */
async function keptPipeline(outputPath: string): Promise<Pipeline | undefined> {
  const path = join(localOutputPath(outputPath), '_chk', KEPT_PIPELINE);
  const content = await readIfPresent(path);
  return content === undefined ? undefined : parsePipeline(content, path);
}

/**
 * The topic that the outputs were made from. Undefined when the job has not begun, and for a file
 * that names none: what the job does about a damaged one is its matter.
 */
async function topicOfOutputs(outputPath: string): Promise<string | undefined> {
  const content = await readIfPresent(join(localOutputPath(outputPath), '_chk', KEPT_SOURCE));
  return content === undefined ? undefined : /"topic": ?"([^"]+)"/.exec(content)?.[1];
}
