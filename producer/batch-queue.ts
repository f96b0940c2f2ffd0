import type { OutgoingRecord } from './record.ts';

/** Records that go to one partition in one request; once taken from its queue it never changes. */
export interface Batch {
  readonly records: readonly OutgoingRecord[];
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** When a batch is sent. */
export interface BatchLimits {
  /** A batch has no more bytes of keys and values than this, unless a single record has. */
  readonly batchBytes: number;
  /** A batch that is not full waits this long for more records. */
  readonly lingerMs: number;
}

interface OpenBatch {
  records: OutgoingRecord[];
  bytes: number;
  readyAtMs: number;
}

/**
 * The records of one partition in the order they came, cut into batches the way Kafka's own producer does
 * with `batch.size` and `linger.ms`. Times are milliseconds of one monotonic clock.
 */
export class BatchQueue {
  readonly #limits: BatchLimits;
  readonly #batches: OpenBatch[] = [];

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  append(record: OutgoingRecord, bytes: number, nowMs: number): void {
    const last = this.#batches.at(-1);
    if (last && last.bytes + bytes <= this.#limits.batchBytes) {
      last.records.push(record);
      last.bytes += bytes;
      return;
    }
    // The one before is as full as it gets: nothing to wait for any more.
    if (last) last.readyAtMs = nowMs;
    this.#batches.push({ records: [record], bytes, readyAtMs: nowMs + this.#limits.lingerMs });
  }

  /** Milliseconds until the first batch is ready: 0 when it is, undefined when there is none. */
  readyInMs(nowMs: number): number | undefined {
    const first = this.#batches[0];
    if (!first) return undefined;
    if (first.bytes >= this.#limits.batchBytes) return 0;
    return Math.max(0, first.readyAtMs - nowMs);
  }

  /** Ends the waiting of every batch that is here. */
  flush(nowMs: number): void {
    for (const batch of this.#batches) batch.readyAtMs = Math.min(batch.readyAtMs, nowMs);
  }

  /** Takes the first batch, ready or not; undefined when there is none. */
  take(): Batch | undefined {
    return this.#batches.shift();
  }
}
