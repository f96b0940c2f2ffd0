const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Milliseconds of a checked TRIGGER_INTERVAL such as "30 seconds". */
export function triggerIntervalMs(interval: string): number {
  const [, count, unit] = /^\s*(\d+)\s*([a-z]+?)s?\s*$/i.exec(interval) ?? [];
  const unitMs = UNIT_MS[unit?.toLowerCase() ?? ''];
  if (count === undefined || unitMs === undefined) throw new Error(`no trigger interval: ${interval}`);
  return Number(count) * unitMs;
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
