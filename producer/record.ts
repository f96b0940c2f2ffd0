/** What the topic gets: the key decides the partition, so that a card's records stay in order. */
export interface OutgoingRecord {
  /** The card's id. */
  readonly key: string;
  /** A transaction as JSON, or what a fault made of it; null is a tombstone. */
  readonly value: string | null;
  /** The record's time in Kafka: milliseconds since the epoch. */
  readonly timestampMs: number;
  /** There where the answer key has to know what becomes of the record. */
  readonly trace?: RecordTrace;
}

/** What was done to a record on purpose, and where in the topic it has come to lie. */
export interface RecordTrace {
  /** As in the answer key, such as `late` or `malformed:tombstone`; undefined for a record as it should be. */
  readonly fault?: string;
  /** Why the job must quarantine it; undefined for a record that it must take. */
  readonly reason?: string;
  /** The record that this one repeats. */
  readonly original?: RecordTrace;
  /** Known once the broker has acknowledged the record. */
  placement?: Placement;
}

/** A place in the topic. */
interface Placement {
  readonly partition: number;
  readonly offset: number;
}

/** An endless supply of records. */
export interface RecordSource {
  /** The next record, sent at this time (milliseconds since the epoch). */
  next(nowMs: number): OutgoingRecord;
}
