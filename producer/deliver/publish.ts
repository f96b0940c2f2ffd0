import type { OutgoingRecord } from '../generate/event-source.ts';
import { Delivery, type DeliveryEvents, type OpenSession, type Receipt } from './delivery.ts';
import type { KafkaRecord } from './kafka-record.ts';
import type { PartitionOf } from './kafka-session.ts';
import { Doorbell } from './pace.ts';
import { type Batch, type BatchLimits, BatchQueue, MemoryBound } from './record-encoding.ts';

/** The state of all records. At any time `sent = acknowledged + failed + buffered`. */
export interface Counts {
  /** Records received from generation. */
  readonly sent: number;
  /** Records that every in-sync replica has. */
  readonly acknowledged: number;
  /** Records that were abandoned, which happens only at the end. */
  readonly failed: number;
  /** Records that wait or are being sent. */
  readonly buffered: number;
  /** Bytes of keys and values of the buffered records. */
  readonly bufferedBytes: number;
}

/** The counts before the first record. */
export const NO_RECORDS: Counts = { sent: 0, acknowledged: 0, failed: 0, buffered: 0, bufferedBytes: 0 };

/** How records are batched before they are sent. */
interface PublishLimits extends BatchLimits {
  readonly bufferBytes: number;
}

/** What the publisher needs. */
interface PublisherOptions<R extends KafkaRecord> {
  readonly partitionCount: number;
  readonly partitionOf: PartitionOf;
  readonly openSession: OpenSession;
  readonly limits: PublishLimits;
  readonly events: PublishEvents<R>;
}

/** The outcomes of records. */
export interface PublishEvents<R extends KafkaRecord = OutgoingRecord> extends DeliveryEvents<R> {
  /**
   * The broker has these records of a partition, the first one at this offset if the broker has
   * named it.
   */
  placed(partition: number, records: readonly R[], baseOffset: number | undefined): void;
  acknowledged(counts: Counts): void;
  /** Publishing has ended, and these records of a partition may be written. */
  abandoned(partition: number, records: readonly R[]): void;
}

/** The settings of the producer: batches of 128 KiB or 50 ms, 32 MiB altogether. */
export const PUBLISH_LIMITS: PublishLimits = {
  batchBytes: 128 * 1024,
  lingerMs: 50,
  bufferBytes: 32 * 1024 * 1024,
};

/**
 * Takes records, keeps a bounded number of bytes of them, and sends them to the topic in order by
 * key.
 */
export class Publisher<R extends KafkaRecord = OutgoingRecord> {
  readonly #partitionOf: PartitionOf;
  readonly #memory: MemoryBound;
  readonly #deliveries: readonly Delivery<R>[];
  readonly #senders: readonly PartitionSender<R>[];
  readonly #events: PublishEvents<R>;
  #sent = 0;
  #acknowledged = 0;
  #failed = 0;

  constructor({ partitionCount, partitionOf, openSession, limits, events }: PublisherOptions<R>) {
    this.#partitionOf = partitionOf;
    this.#memory = new MemoryBound(limits.bufferBytes);
    this.#deliveries = Array.from(
      { length: partitionCount },
      (_, partition) => new Delivery<R>(partition, openSession, events),
    );
    this.#events = events;
    const acknowledged = (partition: number, { records, bytes }: Batch<R>, { baseOffset }: Receipt): void => {
      events.placed(partition, records, baseOffset);
      this.#acknowledged += records.length;
      this.#memory.release(bytes);
      events.acknowledged(this.counts);
    };
    this.#senders = this.#deliveries.map(
      (delivery, partition) =>
        new PartitionSender(
          limits,
          (batch, signal) => delivery.deliver(batch, signal),
          (batch, receipt) => acknowledged(partition, batch, receipt),
        ),
    );
  }

  get counts(): Counts {
    return {
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      buffered: this.#sent - this.#acknowledged - this.#failed,
      bufferedBytes: this.#memory.usedBytes,
    };
  }

  /** Takes the record and returns true, or returns false when the buffer has no room for it. */
  offer(record: R): boolean {
    const bytes = Buffer.byteLength(record.key ?? '') + Buffer.byteLength(record.value ?? '');
    if (!this.#memory.tryTake(bytes)) return false;
    const sender = this.#senders[this.#partitionOf(record.key)];
    if (!sender)
      throw new RangeError(`key ${record.key} belongs to none of ${this.#senders.length} partitions`);
    this.#sent += 1;
    sender.append(record, bytes);
    return true;
  }

  /**
   * Resolves when some room has become free or the signal is aborted. Then the caller can offer
   * again.
   */
  room(signal: AbortSignal): Promise<void> {
    return this.#memory.released(signal);
  }

  /** Sends until the signal is aborted. Rejects when the broker refuses records for good. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.run(signal)));
  }

  /** Sends what is buffered without further lingering. Resolves when the broker has all of it. */
  async flush(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.flush()));
  }

  /**
   * Ends publishing: what the broker has not acknowledged counts as failed, and the connections are
   * dropped.
   */
  async close(): Promise<void> {
    this.#failed = this.#sent - this.#acknowledged;
    for (const [partition, sender] of this.#senders.entries()) {
      if (sender.underWay.length > 0) this.#events.abandoned(partition, sender.underWay);
    }
    await Promise.allSettled(this.#deliveries.map((delivery) => delivery.close()));
  }
}

/**
 * Delivers one batch. Resolves when the broker has it, with undefined when the signal was aborted
 * before that.
 */
type Deliver<R extends KafkaRecord> = (batch: Batch<R>, signal: AbortSignal) => Promise<Receipt | undefined>;

interface Flush {
  /** How many records of the partition must be acknowledged. */
  readonly upTo: number;
  readonly done: () => void;
}

/** A batch that opens the connection to the broker and writes nothing. */
const WARM_UP: Batch<never> = { records: [], bytes: 0 };

/**
 * Sends the records of one partition in order and one batch at a time: the next batch leaves when
 * the one before is acknowledged.
 */
export class PartitionSender<R extends KafkaRecord = OutgoingRecord> {
  readonly #queue: BatchQueue<R>;
  readonly #deliver: Deliver<R>;
  readonly #acknowledged: (batch: Batch<R>, receipt: Receipt) => void;
  readonly #readiness = new Doorbell();
  #flushes: Flush[] = [];
  #underWay: Batch<R> | undefined;
  #appendedRecords = 0;
  #acknowledgedRecords = 0;

  constructor(
    limits: BatchLimits,
    deliver: Deliver<R>,
    acknowledged: (batch: Batch<R>, receipt: Receipt) => void,
  ) {
    this.#queue = new BatchQueue(limits);
    this.#deliver = deliver;
    this.#acknowledged = acknowledged;
  }

  /** Records that the broker may have written but not acknowledged. */
  get underWay(): readonly R[] {
    return this.#underWay?.records ?? [];
  }

  append(record: R, bytes: number): void {
    const nowMs = performance.now();
    const wasEmpty = this.#queue.isEmpty;
    this.#queue.append(record, bytes, nowMs);
    this.#appendedRecords += 1;
    if (wasEmpty || this.#queue.readyInMs(nowMs) === 0) this.#readiness.ring();
  }

  /**
   * Sends the present records without further lingering. Resolves when all of them are
   * acknowledged.
   */
  flush(): Promise<void> {
    this.#queue.flush(performance.now());
    this.#readiness.ring();
    const upTo = this.#appendedRecords;
    if (this.#acknowledgedRecords >= upTo) return Promise.resolve();
    return new Promise((done) => this.#flushes.push({ upTo, done }));
  }

  /** Sends until the signal is aborted. Rejects with the error of `deliver`. */
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
        // The batch was refused, so it is not written.
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
