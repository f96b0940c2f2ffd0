import type { OutgoingRecord } from './record.ts';

/**
 * An idempotent producer id at the broker, as one partition uses it. After `send` failed it may be called
 * again with the same records and with no others: the broker tells a repeated batch by its sequence number
 * alone, and would take a different batch under that number for the one it has, and drop it.
 */
export interface Session {
  /**
   * Resolves when every in-sync replica has the records, with the offset of the first, or with undefined when the broker
   * has not named it; rejects when it is not known whether they have them.
   */
  send(records: readonly OutgoingRecord[]): Promise<number | undefined>;
  /** Drops its connections and makes new ones; the producer id and its sequence numbers stay. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a session for a partition with a new producer id; rejects when the broker does not answer. */
export type OpenSession = (partition: number) => Promise<Session>;
