import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { type ClassifiedRecord, classifierOf } from '../../orchestrator/verify/oracle/classify.ts';
import { decodeAsJava } from '../../orchestrator/verify/oracle/json-value.ts';

/** The Kafka time of the records in these tests, Unix microseconds. */
export const KAFKA_US = 1_767_225_600_000_000n;

/** A record with this value, as input of the classifier. */
function recordOf(value: string | Buffer | null): ClassifiedRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return {
    ...{ topic: 't', partition: 1, offset: 7, kafkaUs: KAFKA_US, bytes },
    value: bytes && decodeAsJava(bytes),
  };
}

/** The outcome of values by a pipeline: the reason, or the row. */
export function classifying(pipeline: Pipeline) {
  const classifier = classifierOf(pipeline);
  return (value: string | Buffer | null) => classifier.classify(recordOf(value));
}
