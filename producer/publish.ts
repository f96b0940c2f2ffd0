import type { Batch, BatchLimits } from './batch-queue.ts';
import { Delivery, type DeliveryEvents, type Receipt } from './delivery.ts';
import { Lane } from './lane.ts';
import { MemoryBound } from './memory-bound.ts';
import type { PartitionOf } from './partitioner.ts';
import type { OutgoingRecord } from './record.ts';
import type { OpenSession } from './session.ts';

/** Where the records are; `sent = acknowledged + failed + buffered` at any time. */
export interface Counts {
  /** Records taken over from generation. */
  readonly sent: number;
  /** Records that every in-sync replica has. */
  readonly acknowledged: number;
  /** Records that were given up, which happens only at the end. */
  readonly failed: number;
  /** Records that wait or are under way. */
  readonly buffered: number;
  /** Bytes of keys and values of the buffered records. */
  readonly bufferedBytes: number;
}

/** The counts before the first record. */
export const NO_RECORDS: Counts = { sent: 0, acknowledged: 0, failed: 0, buffered: 0, bufferedBytes: 0 };

/** How records are gathered before they are sent. */
interface PublishLimits extends BatchLimits {
  readonly bufferBytes: number;
}

/** What the publisher needs. */
interface PublisherOptions {
  readonly partitionCount: number;
  readonly partitionOf: PartitionOf;
  readonly openSession: OpenSession;
  readonly limits: PublishLimits;
  readonly events: PublishEvents;
}

/** What becomes of the records. */
export interface PublishEvents extends DeliveryEvents {
  /** The broker has these records of a partition, the first at this offset if it has told. */
  placed(partition: number, records: readonly OutgoingRecord[], baseOffset: number | undefined): void;
  acknowledged(counts: Counts): void;
  /** Publishing has ended, and these records of a partition are perhaps written. */
  abandoned(partition: number, records: readonly OutgoingRecord[]): void;
}

/** The settings of the producer: batches of 128 KiB or 50 ms, 32 MiB altogether. */
export const PUBLISH_LIMITS: PublishLimits = {
  batchBytes: 128 * 1024,
  lingerMs: 50,
  bufferBytes: 32 * 1024 * 1024,
};

/** Takes records, keeps a bounded number of bytes of them, and gets them to the topic in order by key. */
export class Publisher {
  readonly #partitionOf: PartitionOf;
  readonly #memory: MemoryBound;
  readonly #deliveries: readonly Delivery[];
  readonly #lanes: readonly Lane[];
  readonly #events: PublishEvents;
  #sent = 0;
  #acknowledged = 0;
  #failed = 0;

  constructor({ partitionCount, partitionOf, openSession, limits, events }: PublisherOptions) {
    this.#partitionOf = partitionOf;
    this.#memory = new MemoryBound(limits.bufferBytes);
    this.#deliveries = Array.from(
      { length: partitionCount },
      (_, partition) => new Delivery(partition, openSession, events),
    );
    this.#events = events;
    const acknowledged = (partition: number, { records, bytes }: Batch, { baseOffset }: Receipt): void => {
      events.placed(partition, records, baseOffset);
      this.#acknowledged += records.length;
      this.#memory.release(bytes);
      events.acknowledged(this.counts);
    };
    this.#lanes = this.#deliveries.map(
      (delivery, partition) =>
        new Lane(
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

  /** Takes the record and says true, or says false when the buffer has no room for it. */
  offer(record: OutgoingRecord): boolean {
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value ?? '');
    if (!this.#memory.tryTake(bytes)) return false;
    const lane = this.#lanes[this.#partitionOf(record.key)];
    if (!lane) throw new RangeError(`key ${record.key} belongs to none of ${this.#lanes.length} partitions`);
    this.#sent += 1;
    lane.append(record, bytes);
    return true;
  }

  /** Resolves when some room has become free, or the signal is aborted: time to offer again. */
  room(signal: AbortSignal): Promise<void> {
    return this.#memory.released(signal);
  }

  /** Sends until the signal is aborted; rejects when the broker refuses records for good. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.run(signal)));
  }

  /** Sends what is buffered without more lingering; resolves when the broker has all of it. */
  async flush(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.flush()));
  }

  /** Ends publishing: what the broker has not acknowledged has failed, and the connections are dropped. */
  async close(): Promise<void> {
    this.#failed = this.#sent - this.#acknowledged;
    for (const [partition, lane] of this.#lanes.entries()) {
      if (lane.underWay.length > 0) this.#events.abandoned(partition, lane.underWay);
    }
    await Promise.allSettled(this.#deliveries.map((delivery) => delivery.close()));
  }
}
