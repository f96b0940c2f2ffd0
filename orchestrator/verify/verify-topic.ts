import { fetchTopicOffsets } from '../kafka/topic.ts';
import { withTopicLog } from '../kafka/topic-log.ts';
import type { IsolationLevel } from '../settings/setting-table.ts';
import type { Address } from '../util/ports.ts';
import type { DeepOptions } from './deep/verify-values.ts';
import type { VerifyReport } from './report.ts';
import { type VerifyOptions, verifyOutputs } from './verify-outputs.ts';

interface VerifyTopicOptions extends Pick<VerifyOptions, 'outputPath' | 'pipeline' | 'signal'> {
  readonly broker: Address;
  readonly topic: string;
  readonly level: IsolationLevel;
  /** Also compares every value. */
  readonly deep?: Omit<DeepOptions, 'records'> | undefined;
}

/**
 * Compares what the job wrote with its topic, even while the job runs: the topic is asked for its
 * offsets once the committed batches are known.
 * @throws ProductError, as `verifyOutputs` and the broker give it
 */
export function verifyTopic({
  broker,
  topic,
  level,
  deep,
  ...outputs
}: VerifyTopicOptions): Promise<VerifyReport> {
  return withTopicLog(broker, topic, level, (reader) =>
    verifyOutputs({
      ...outputs,
      reader,
      topic: () => fetchTopicOffsets(broker, topic, level),
      ...(deep && { deep: { records: reader, ...deep } }),
    }),
  );
}
