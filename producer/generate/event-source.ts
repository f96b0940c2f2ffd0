import type { Random } from './random.ts';

/**
 * A record for the topic. The key decides the partition, so that the records of a key stay in order.
 */
export interface OutgoingRecord {
  /** Null: a record without a key. */
  readonly key: string | null;
  /** An event as JSON, possibly with a fault; null is a tombstone. */
  readonly value: string | null;
  /** The record's time in Kafka: milliseconds since the epoch. */
  readonly timestampMs: number;
  /** Present where the answer key has to record the outcome. */
  readonly trace?: RecordTrace;
}

/** What was done to a record on purpose, and its place in the topic. */
export interface RecordTrace {
  /**
   * The fault as in the answer key, such as `late` or `malformed:tombstone`. Undefined for a record
   * without a fault.
   */
  readonly fault?: string;
  /** Why the job must quarantine it. Undefined for a record that the job must accept. */
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

/**
 * An endless supply of events that keep the contract of a pipeline. It knows no clock and no broker:
 * the same seed and times give the same events. Times are whole milliseconds since the epoch.
 */
export interface EventSource {
  /** Whether an event's time is its record's own, so that a duplicate has the same. */
  readonly isTimedByRecord?: boolean;
  /** The next event at this event time, in a record of this time. */
  next(eventMs: number, timestampMs: number): EventRecord;
  /** The same with the one key that a hot key's records have. */
  nextHot(eventMs: number, timestampMs: number): EventRecord;
  /** A fraudulent event where one is due now. Only card transactions have them. */
  nextFraud?(eventMs: number, timestampMs: number): EventRecord | undefined;
  /** Makes the value of an event malformed. Draws from the random source of faults. */
  malformed(faults: Random, event: EventRecord): MalformedValue;
}

/** A record whose value is an event that keeps the contract. */
export interface EventRecord extends OutgoingRecord {
  readonly value: string;
}

/** What an event source follows from. */
interface EventSourceOptions {
  /** The seed of everything random. */
  readonly seed: string;
  /** The random source of faults, from which the hot key is drawn. */
  readonly faults: Random;
  /** Share of fraudulent events. */
  readonly fraudRate: number;
}

/** Begins the events of a pipeline. Each call begins the same ones for the same options. */
export type OpenEventSource = (options: EventSourceOptions) => EventSource;

/** A value that gives no silver row. */
export interface MalformedValue {
  /** What was done to it. The answer key has this after `malformed:`. */
  readonly kind: string;
  /** Null is a tombstone. */
  readonly value: string | null;
  /** Why the job must quarantine it: a reason of docs/outputs.md. */
  readonly reason: string;
}
