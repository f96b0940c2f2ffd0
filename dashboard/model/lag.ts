import { untilNextTriggerMs } from '../../orchestrator/settings/stack-config.ts';
import type { BatchRecord } from './snapshot.ts';

/** Micro-batches that an estimate looks back on. */
const LOOK_BACK = 20;

/** What an estimate is made from. */
interface LagFacts {
  /** Offsets that are not committed. */
  readonly lag: number;
  readonly inPerSecond: number;
  readonly triggerMs: number;
  /** Those of `ingest`, oldest first. */
  readonly batches: readonly Pick<BatchRecord, 'rows' | 'ms'>[];
  readonly nowMs: number;
}

/**
 * Estimates the seconds until the lag is cleared. What arrives between two micro-batches is cleared
 * by the next one. A backlog shrinks by the difference of the rate at which the fastest of the last
 * micro-batches was processed (a small one is slow, because each takes some time for itself) and
 * the rate at which records arrive.
 * @returns null where it does not shrink, or nothing is known yet
 */
export function clearSeconds({ lag, inPerSecond, triggerMs, batches, nowMs }: LagFacts): number | null {
  if (lag <= 0) return 0;
  const withRows = batches
    .slice(-LOOK_BACK)
    .filter(({ rows, ms }) => rowsOf(rows) > 0 && (ms['total'] ?? 0) > 0);
  if (withRows.length === 0) return null;
  const lastMs = withRows.at(-1)?.ms['total'] ?? 0;
  const cycleMs = Math.max(triggerMs, lastMs);
  if (lag <= (inPerSecond * (cycleMs + lastMs) * 1.5) / 1000) {
    return (untilNextTriggerMs(triggerMs, nowMs) + lastMs) / 1000;
  }
  const fastest = Math.max(...withRows.map(({ rows, ms }) => (rowsOf(rows) * 1000) / (ms['total'] ?? 1)));
  return fastest > inPerSecond ? lag / (fastest - inPerSecond) : null;
}

/** How many triggers the rate of committed records is averaged over. */
const TRIGGERS = 3;

const LEAST_WINDOW_MS = 10_000;

/**
 * Records per second that were committed lately.
 * @returns null before the first micro-batch
 */
export function committedPerSecond(
  batches: readonly Pick<BatchRecord, 'rows' | 'at'>[],
  triggerMs: number,
  nowMs: number,
): number | null {
  if (batches.length === 0) return null;
  const windowMs = Math.max(LEAST_WINDOW_MS, TRIGGERS * triggerMs);
  const recent = batches.filter(({ at }) => Date.parse(at) > nowMs - windowMs);
  return (recent.reduce((sum, { rows }) => sum + rowsOf(rows), 0) * 1000) / windowMs;
}

/** Bronze has each record once. */
const rowsOf = (rows: BatchRecord['rows']): number => rows['bronze'] ?? 0;
