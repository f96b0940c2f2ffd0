import type { OutputName, SinkName } from '../sinks.ts';
import type { Difference } from './difference.ts';

/** One partition of the topic beside bronze. Offsets are next offsets: ranges are [from, to). */
export interface PartitionReport {
  readonly partition: number;
  /** First offset that the topic still has; null when it has no such partition. */
  readonly begin: number | null;
  /** Where the job began. */
  readonly start: number;
  /** Where the last committed micro-batch ended. */
  readonly committed: number;
  /** Where the topic ended for the job when it was asked; null when it has no such partition. */
  readonly end: number | null;
  /** Where the log ended, open transactions included; null when it has no such partition. */
  readonly logEnd: number | null;
  /** Records of the topic after `committed`. */
  readonly lag: number;
  /** Rows in bronze. */
  readonly bronze: number;
  /** Committed records that are not in bronze, though not pruned. */
  readonly missing: number;
  /** Committed offsets that hold no record for the job: markers of transactions, aborted records, what was compacted away. */
  readonly markers: number;
  readonly aborted: number;
  readonly compacted: number;
  /** Rows of bronze beyond the first of their offset. */
  readonly doubled: number;
  /** Committed records whose bronze files were pruned. */
  readonly pruned: number;
}

/** What MAX_FILES_PER_SINK took from a sink; nothing is said about it beyond that. */
export interface PrunedReport {
  readonly sink: OutputName;
  /** Files of micro-batches up to this one are gone. */
  readonly throughBatch: number;
  readonly files: number;
}

/** What could not be compared, and why: neither equal nor different. */
export interface NotCompared {
  readonly sink: OutputName;
  readonly reason: string;
  /** Rows, records or windows concerned; null when it is the sink as a whole. */
  readonly count: number | null;
}

/** How a gold table compares with silver. */
export interface GoldTableReport {
  readonly name: string;
  /** The last committed micro-batch of its query, null before the first. */
  readonly committedBatch: number | null;
  /** Rows in committed, unpruned files. */
  readonly rows: number;
  /** Closed windows that equal the aggregation of their silver rows, late ones left out. */
  readonly equalWindows: number;
  /** Silver rows, counted once for each of their windows, that were dropped since their window was closed. */
  readonly late: number;
  /** Up to here event time is complete: windows that end by it are closed. Null: none is closed yet. */
  readonly watermark: string | null;
  /** Committed silver files that the query has not read yet: its lag. */
  readonly unreadFiles: number;
}

/** How gold compares with silver: all tables together, and each. */
export interface GoldReport extends Pick<GoldTableReport, 'equalWindows' | 'late' | 'unreadFiles'> {
  /** The least of the tables' watermarks, null when one has none. */
  readonly watermark: string | null;
  readonly tables: readonly GoldTableReport[];
}

/** What `--deep` compared: rows that equal what their records give. */
export interface DeepReport {
  /** Records of the topic that were read. */
  readonly records: number;
  readonly equalRows: Readonly<Record<'bronze' | 'silver' | 'quarantine', number>>;
  /** Records that belong in quarantine, by reason; reasons without a record are left out. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** How the records of one fault of the answer key landed. */
export interface FaultReport {
  readonly fault: string;
  /** Lines of the key. */
  readonly expected: number;
  /** Records that landed where the key says. */
  readonly found: number;
  /** Records that are not in a committed micro-batch yet. */
  readonly pending: number;
  /** Records whose files were pruned. */
  readonly pruned: number;
  /** Silver rows that gold dropped since their windows were closed, and those that it counted in closed windows. */
  readonly gold: {
    readonly dropped: number;
    readonly counted: number;
    readonly open: number;
    readonly undecided: number;
  };
}

/** What `--answer-key` compared. */
export interface AnswerKeyReport {
  readonly file: string;
  /** Lines that name a record. */
  readonly lines: number;
  /** Lines of records that may be in the topic, at an offset that the producer was never told: not checked. */
  readonly unplaced: number;
  readonly faults: readonly FaultReport[];
}

/** The outcome of one verification. Counts are rows in committed, unpruned files; `gold` is all gold tables together. */
export interface VerifyReport {
  /** No difference. Lag, pruned ranges and what could not be compared are no differences. */
  readonly equal: boolean;
  readonly topic: string;
  /** The last committed micro-batch, null before the first. */
  readonly committedBatch: number | null;
  readonly partitions: readonly PartitionReport[];
  readonly counts: Readonly<Record<SinkName | 'gold', number>>;
  readonly lag: number;
  readonly pruned: readonly PrunedReport[];
  readonly gold: GoldReport;
  /** Null without `--deep`. */
  readonly deep: DeepReport | null;
  /** Null without `--answer-key`. */
  readonly answerKey: AnswerKeyReport | null;
  readonly notCompared: readonly NotCompared[];
  /** The first of each kind and sink. */
  readonly differences: readonly Difference[];
  /** All of them, also those not listed. */
  readonly differenceCount: number;
}
