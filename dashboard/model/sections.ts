import { isSinkName, outputNames } from '../../orchestrator/lake/sinks.ts';
import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import type { OutputsFound } from '../sources/output-source.ts';
import type { PartitionRange } from '../sources/topic-source.ts';
import type { BatchLog } from './batch-log.ts';
import { clearSeconds, committedPerSecond } from './lag.ts';
import type { Sample } from './series.ts';
import type { OutputState, PartitionState, Sections, SinkState, TopicState } from './snapshot.ts';

/** What the sources have found, and what is derived from several reads of them. */
export interface Observed {
  readonly pipeline: Pipeline;
  readonly topic: string;
  /** Undefined while the topic cannot be read. */
  readonly ranges: readonly PartitionRange[] | undefined;
  /** Undefined while the outputs cannot be read. */
  readonly outputs: OutputsFound | undefined;
  readonly batches: BatchLog;
  readonly inPerSecond: number | null;
  readonly triggers: Sections['triggers'];
  readonly nowMs: number;
}

/** Partitions that are shown one by one. A topic may have a thousand. */
const SHOWN_PARTITIONS = 32;

/** The state of the topic. Its lag is the difference of two reads, so it may lead by a second. */
export function topicState({
  topic,
  ranges,
  outputs,
  batches,
  inPerSecond,
  triggers,
  nowMs,
}: Observed): TopicState {
  const partitions = (ranges ?? []).map((range): PartitionState => {
    // A partition that was added since the last micro-batch is read from its beginning.
    const known = outputs?.committed?.end ?? outputs?.start;
    const next = known && (known.get(range.partition) ?? range.begin);
    const committed = outputs?.committed ? (outputs.committed.end.get(range.partition) ?? null) : null;
    return { ...range, committed, lag: next === undefined ? null : Math.max(0, range.end - next) };
  });
  const lags = partitions.map(({ lag }) => lag);
  const lag =
    ranges === undefined || lags.includes(null)
      ? null
      : lags.reduce((sum: number, each) => sum + (each ?? 0), 0);
  const rate = {
    inPerSecond: inPerSecond ?? 0,
    triggerMs: triggers.ingestMs,
    batches: batches.ingest,
    nowMs,
  };
  const seconds = lag === null ? null : clearSeconds({ lag, ...rate });
  return {
    name: topic,
    partitions: partitions.slice(0, SHOWN_PARTITIONS),
    lag,
    inPerSecond: rounded(inPerSecond),
    outPerSecond: rounded(committedPerSecond(batches.ingest, triggers.ingestMs, nowMs)),
    clearSeconds: rounded(seconds),
  };
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 10) / 10;

/** The state of the outputs: what is committed, and the rows that the job reports. */
export function outputState({ pipeline, outputs, batches }: Observed): OutputState {
  const sinks = outputNames(pipeline).map((name): SinkState => {
    const total = batches.totalOf(name);
    return {
      name,
      kind: isSinkName(name) ? 'sink' : 'gold',
      files: outputs?.files.get(name) ?? 0,
      rows: total?.rows ?? 0,
      rowsFrom: total?.from ?? null,
      newestRows: total?.newest ?? null,
    };
  });
  const { committed, runningBatch } = outputs ?? {};
  return {
    committedBatch: committed?.batch ?? null,
    committedAt: committed ? new Date(committed.plannedAtMs).toISOString() : null,
    runningBatch: runningBatch ?? null,
    sinks,
  };
}

/** Partitions that have a series of their own. */
const CHARTED_PARTITIONS = 12;

/** The values of this moment for the charts. */
export function sampleOf({ topic, gold }: Pick<Sections, 'topic' | 'gold'>, nowMs: number): Sample {
  const partitions = topic.partitions
    .slice(0, CHARTED_PARTITIONS)
    .map(({ partition, lag }) => [`lag.${partition}`, lag] as const);
  const tables = gold
    .slice(0, 8)
    .flatMap(({ table, watermark, openWindows, late }) => [
      [
        `watermarkDelay.${table}`,
        watermark === null ? null : seconds(nowMs - Date.parse(watermark)),
      ] as const,
      [`openWindows.${table}`, openWindows] as const,
      [`late.${table}`, late] as const,
    ]);
  const { lag, inPerSecond, outPerSecond } = topic;
  return { lag, inPerSecond, outPerSecond, ...Object.fromEntries([...partitions, ...tables]) };
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
