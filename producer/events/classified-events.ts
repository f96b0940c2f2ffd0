import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { classifierOf } from '../../orchestrator/verify/oracle/classify.ts';

/** Tells why a value would be in quarantine. Undefined: it becomes a silver row. */
export type ReasonOf = (value: string, timestampMs: number) => string | undefined;

/**
 * Classifies values as `verify` does, by the same reading of docs/outputs.md, so that no event counts
 * as clean that the pipeline would refuse.
 */
export function reasonsBy(pipeline: Pipeline): ReasonOf {
  const { classify } = classifierOf(pipeline);
  const { topic } = pipeline.source;
  return (value, timestampMs) => {
    const outcome = classify({
      ...{ topic, partition: 0, offset: 0 },
      kafkaUs: BigInt(timestampMs) * 1000n,
      bytes: Buffer.from(value),
      value,
    });
    return typeof outcome === 'string' ? outcome : undefined;
  };
}
