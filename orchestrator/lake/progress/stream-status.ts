import { lateRows } from './event-time.ts';
import type { JobProgress } from './progress.ts';

/**
 * How far the job's present process has come, as far as its last lines show. It is a contract:
 * `status --json` has these fields.
 */
export interface StreamStatus {
  /**
   * The newest micro-batch of `ingest` that was committed with records; null when the lines show
   * none.
   */
  readonly batch: number | null;
  /** Records of the topic that were waiting behind that micro-batch. */
  readonly lag: number | null;
  /** The smallest of the gold tables' watermarks, ISO-8601 with Z; null while a table has none. */
  readonly watermark: string | null;
  /**
   * Rows of that micro-batch by sink, and of the newest micro-batch of each gold table by its name.
   */
  readonly rows: Readonly<Record<string, number>>;
  /** Records of that micro-batch in quarantine, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Silver rows of that micro-batch for which an expectation (`expect`) is false, by its name. */
  readonly unmet: Readonly<Record<string, number>>;
  /** Rows that gold dropped as late in the micro-batches that the lines show. */
  readonly late: number;
}

/**
 * How far the job has come.
 * @param late rows that gold has dropped, where more is known of them than these micro-batches
 */
export function streamStatus(
  { ingest, gold }: JobProgress,
  late = lateRows([...gold.values()].flat()),
): StreamStatus {
  const last = ingest.at(-1);
  const tables = [...gold.values()].flatMap((batches) => batches.slice(-1));
  const watermarks = tables.map(({ watermark }) => watermark);
  return {
    batch: last?.batch ?? null,
    lag: last?.lag ?? null,
    watermark: watermarks.includes(null) ? null : (watermarks.toSorted()[0] ?? null),
    rows: Object.assign({}, last?.rows, ...tables.map(({ rows }) => rows)),
    rejected: last?.rejected ?? {},
    unmet: last?.unmet ?? {},
    late,
  };
}
