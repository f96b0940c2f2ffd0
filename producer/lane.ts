import { type Batch, type BatchLimits, BatchQueue } from './batch-queue.ts';
import type { Receipt } from './delivery.ts';
import { Doorbell } from './pause.ts';
import type { OutgoingRecord } from './record.ts';

/** Delivers one batch: resolves when the broker has it, with undefined when the signal was aborted before that. */
type Deliver = (batch: Batch, signal: AbortSignal) => Promise<Receipt | undefined>;

interface Flush {
  /** How many records of the lane must be acknowledged. */
  readonly upTo: number;
  readonly done: () => void;
}

/** A batch that opens the way to the broker and writes nothing. */
const WARM_UP: Batch = { records: [], bytes: 0 };

/**
 * The records of one partition on their way, in their order and one batch at a time: the next batch leaves
 * when the one before is acknowledged.
 */
export class Lane {
  readonly #queue: BatchQueue;
  readonly #deliver: Deliver;
  readonly #acknowledged: (batch: Batch, receipt: Receipt) => void;
  readonly #readiness = new Doorbell();
  #flushes: Flush[] = [];
  #underWay: Batch | undefined;
  #appendedRecords = 0;
  #acknowledgedRecords = 0;

  constructor(limits: BatchLimits, deliver: Deliver, acknowledged: (batch: Batch, receipt: Receipt) => void) {
    this.#queue = new BatchQueue(limits);
    this.#deliver = deliver;
    this.#acknowledged = acknowledged;
  }

  /** Records that the broker has perhaps written and not acknowledged. */
  get underWay(): readonly OutgoingRecord[] {
    return this.#underWay?.records ?? [];
  }

  append(record: OutgoingRecord, bytes: number): void {
    const nowMs = performance.now();
    const wasEmpty = this.#queue.isEmpty;
    this.#queue.append(record, bytes, nowMs);
    this.#appendedRecords += 1;
    if (wasEmpty || this.#queue.readyInMs(nowMs) === 0) this.#readiness.ring();
  }

  /** Sends what is here without more lingering; resolves when all of it is acknowledged. */
  flush(): Promise<void> {
    this.#queue.flush(performance.now());
    this.#readiness.ring();
    const upTo = this.#appendedRecords;
    if (this.#acknowledgedRecords >= upTo) return Promise.resolve();
    return new Promise((done) => this.#flushes.push({ upTo, done }));
  }

  /** Sends until the signal is aborted; rejects with what `deliver` rejects with. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#deliver(WARM_UP, signal);
    while (!signal.aborted) {
      const readyInMs = this.#queue.readyInMs(performance.now());
      if (readyInMs !== 0) {
        await this.#readiness.wait(signal, readyInMs);
        continue;
      }
      const batch = this.#queue.take();
      if (!batch) continue;
      this.#underWay = batch;
      const receipt = await this.#deliver(batch, signal).catch((error: unknown) => {
        // Refused, hence not written.
        this.#underWay = undefined;
        throw error;
      });
      if (!receipt) continue;
      this.#underWay = undefined;
      this.#acknowledgedRecords += batch.records.length;
      this.#acknowledged(batch, receipt);
      this.#endFlushes();
    }
  }

  #endFlushes(): void {
    const isDone = ({ upTo }: Flush): boolean => upTo <= this.#acknowledgedRecords;
    const ended = this.#flushes.filter(isDone);
    this.#flushes = this.#flushes.filter((flush) => !isDone(flush));
    for (const { done } of ended) done();
  }
}
