import { durationMs } from '../settings/setting-kinds.ts';

/** Milliseconds of a checked TRIGGER_INTERVAL such as "30 seconds". */
export function triggerIntervalMs(interval: string): number {
  const ms = durationMs(interval);
  if (ms === undefined) throw new Error(`no trigger interval: ${interval}`);
  return ms;
}

/** Gold reads silver's folder at each trigger: no more often than this unless it is asked to. */
const LEAST_GOLD_MS = 10_000;

/** Milliseconds between two triggers of gold: of a checked GOLD_TRIGGER_INTERVAL, or what stands for it when it is not set. */
export function goldTriggerIntervalMs(goldInterval: string | undefined, interval: string): number {
  return goldInterval === undefined
    ? Math.max(LEAST_GOLD_MS, triggerIntervalMs(interval))
    : triggerIntervalMs(goldInterval);
}

/**
 * Milliseconds until Spark's next trigger: batches start at multiples of the interval since the epoch.
 * Source: org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor.nextBatchTime.
 */
export function untilNextTriggerMs(intervalMs: number, nowMs: number): number {
  if (intervalMs === 0) return 0;
  return (Math.floor(nowMs / intervalMs) + 1) * intervalMs - nowMs;
}
