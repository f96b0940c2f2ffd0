import { shownValue } from '../../producer/errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { ProductError } from '../util/product-error.ts';
import { topicOfOffsets } from './setting-kinds.ts';
import type { Settings } from './setting-table.ts';

/** The topic of a stack. */
export interface StackTopic {
  readonly name: string;
  /** Its partitions when it is created. */
  readonly partitions: number;
}

/** What determines the topic: a part of the stack's configuration. */
export interface TopicOwner {
  readonly settings: Pick<Settings, 'KAFKA_TOPIC' | 'KAFKA_TOPIC_PARTITIONS' | 'PIPELINE'>;
  /** The checkout, where `pipelines/` is. */
  readonly projectDir: string;
  /** See StackConfig. */
  readonly startedTopic?: string | undefined;
}

/**
 * Returns the topic by KAFKA_TOPIC and KAFKA_TOPIC_PARTITIONS, or by the pipeline's `source` where
 * these are not set. Everything that needs the topic asks here.
 * @throws ProductError BAD_SETTING, BAD_PIPELINE when the pipeline is needed and cannot be read
 */
export function stackTopic({ settings, projectDir, startedTopic }: TopicOwner): StackTopic {
  const name = settings.KAFKA_TOPIC ?? startedTopic;
  const partitions = settings.KAFKA_TOPIC_PARTITIONS;
  if (name !== undefined && partitions !== undefined) return { name, partitions };
  const { source } = loadPipeline(settings.PIPELINE, projectDir);
  return { name: name ?? source.topic, partitions: partitions ?? source.partitions };
}

/**
 * The job reads one topic, so the JSON of STARTING_OFFSETS must name that one.
 * @throws ProductError BAD_SETTING; those of `stackTopic`
 */
export function refuseOffsetsOfOtherTopic(
  owner: TopicOwner & { readonly settings: Pick<Settings, 'STARTING_OFFSETS'> },
): void {
  const { STARTING_OFFSETS } = owner.settings;
  const topic = topicOfOffsets(STARTING_OFFSETS);
  if (topic === undefined) return;
  const { name } = stackTopic(owner);
  if (topic === name) return;
  throw new ProductError('BAD_SETTING', {
    message: `STARTING_OFFSETS=${shownValue(STARTING_OFFSETS)} names the topic ${topic}, and the topic of the stack is ${name}.`,
    hint: "Name the stack's topic: that of KAFKA_TOPIC, or of the pipeline where it is not set.",
  });
}
