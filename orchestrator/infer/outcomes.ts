import { type Pipeline, silverColumns } from '../pipeline/model.ts';
import { classifierOf } from '../verify/oracle/classify.ts';
import type { SourceEvent } from './read/read-events.ts';

/** What becomes of the events by the pipeline. */
export interface Outcomes {
  readonly silver: number;
  readonly quarantine: number;
  /** Events in quarantine by reason, the most frequent first. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** The earliest and the latest event time, Unix microseconds; undefined without silver rows. */
  readonly eventTime: { readonly from: bigint; readonly to: bigint } | undefined;
  /** Rows whose event time is more than the watermark's delay behind an earlier row's. */
  readonly late: number;
}

/** The time in Kafka that events have here; it decides nothing. */
const KAFKA_US = 1_767_225_600_000_000n;

/** Classifies the events as the job will, by the code with which `verify` checks the job. */
export function outcomesOf(pipeline: Pipeline, events: readonly SourceEvent[]): Outcomes {
  const classifier = classifierOf(pipeline);
  const { topic } = pipeline.source;
  const timeAt = silverColumns(pipeline.fields, pipeline.eventTime).findIndex(
    ({ name }) => name === 'event_time',
  );
  const delayUs = BigInt(pipeline.eventTime.watermarkMs) * 1000n;
  const reasons = new Map<string, number>();
  let [from, to]: (bigint | undefined)[] = [];
  let late = 0;
  for (const [offset, { text }] of events.entries()) {
    const bytes = Buffer.from(text);
    const row = classifier.classify({ topic, partition: 0, offset, kafkaUs: KAFKA_US, bytes, value: text });
    if (typeof row === 'string') {
      reasons.set(row, (reasons.get(row) ?? 0) + 1);
      continue;
    }
    const time = row[timeAt] as bigint;
    if (to !== undefined && time < to - delayUs) late += 1;
    if (from === undefined || time < from) from = time;
    if (to === undefined || time > to) to = time;
  }
  const quarantine = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  return {
    silver: events.length - quarantine,
    quarantine,
    reasons: [...reasons].sort(([, one], [, other]) => other - one),
    eventTime: from === undefined || to === undefined ? undefined : { from, to },
    late,
  };
}
