/** A record of the topic as the broker has it. */
export interface TopicRecord {
  readonly offset: number;
  /** Unix ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** Where the records of the topic come from. */
export interface RecordSource {
  /**
   * The records of a partition with offsets in [from, to), ascending, some at a time. Reading ends early when the loop over them
   * does; memory does not grow with the range.
   * @throws ProductError KAFKA_UNREACHABLE; the signal's reason
   */
  read(
    partition: number,
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): AsyncIterable<readonly TopicRecord[]>;
}
