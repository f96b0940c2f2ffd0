/** A record of the topic as the broker has it. */
export interface TopicRecord {
  readonly offset: number;
  /** Unix ms. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeader {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Offsets of one partition, [from, to). */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What offsets of a partition hold, for a reader of the job's isolation level: a record; a marker that ends a transaction; a record
 * whose transaction was aborted; or nothing any more, since the topic was compacted.
 */
export type OffsetContent = 'record' | 'marker' | 'aborted' | 'compacted';

export interface OffsetStretch extends OffsetRange {
  readonly content: OffsetContent;
}

/** A stretch of a partition with its records, ascending; none where it holds something else. */
export interface LogPart extends OffsetStretch {
  readonly records: readonly TopicRecord[];
}

/**
 * Reads the topic as a consumer of the job's isolation level does. Ranges end at or before the last offset that such a consumer gets.
 * Reading ends early when the loop over it does; memory does not grow with the ranges.
 */
export interface TopicReader {
  /**
   * What the offsets [from, to) of a partition hold, ascending. A stretch of records may have fewer than offsets: compaction took
   * the others.
   * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
   */
  read(partition: number, from: number, to: number, signal: AbortSignal | undefined): AsyncIterable<LogPart>;
  /**
   * The same of ascending ranges, each offset in exactly one stretch, without the records: only compacted batches are decompressed.
   * @throws ProductError KAFKA_UNREACHABLE, RECORDS_UNREADABLE; the signal's reason
   */
  contents(
    partition: number,
    ranges: Iterable<OffsetRange>,
    signal: AbortSignal | undefined,
  ): AsyncIterable<OffsetStretch>;
}
