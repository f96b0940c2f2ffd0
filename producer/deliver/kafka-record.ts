/** A record as the broker gets it, wherever it comes from. */
export interface KafkaRecord {
  /** Decides the partition. Records without a key go to the partitions in turn. */
  readonly key: string | null;
  /** The value as text or as bytes; null is a tombstone. */
  readonly value: string | Buffer | null;
  /** The record's time in Kafka: milliseconds since the epoch. */
  readonly timestampMs: number;
  /** Values by name; several where a name is there several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The line of the input that it was read from, counted from 1. */
  readonly line?: number;
}
