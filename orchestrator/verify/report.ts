import { basename } from 'node:path';
import type { SinkFile } from '../lake/committed-files.ts';
import type { LoadedSink } from '../lake/load-sink.ts';
import type { OutputName, SinkName } from '../lake/sinks.ts';

/** One partition of the topic and of bronze. Offsets are next offsets: ranges are [from, to). */
interface PartitionReport {
  readonly partition: number;
  /** First offset that the topic still has; null when it has no such partition. */
  readonly begin: number | null;
  /** Where the job began. */
  readonly start: number;
  /** Where the last committed micro-batch ended. */
  readonly committed: number;
  /**
   * Where the topic ended for the job when the report was made; null when it has no such partition.
   */
  readonly end: number | null;
  /** Where the log ended, open transactions included; null when it has no such partition. */
  readonly logEnd: number | null;
  /** Records of the topic after `committed`. */
  readonly lag: number;
  /** Rows in bronze. */
  readonly bronze: number;
  /** Committed records that are neither in bronze nor pruned. */
  readonly missing: number;
  /**
   * Committed offsets that hold no record for the job: transaction markers, aborted records,
   * compacted offsets.
   */
  readonly markers: number;
  readonly aborted: number;
  readonly compacted: number;
  /** Additional rows of bronze for offsets that it already has. */
  readonly doubled: number;
  /** Committed records whose bronze files were pruned. */
  readonly pruned: number;
}

/** What MAX_FILES_PER_SINK removed from a sink. Nothing else is reported about it. */
interface PrunedReport {
  readonly sink: OutputName;
  /** Files of micro-batches up to this one are deleted. */
  readonly throughBatch: number;
  readonly files: number;
}

/** What could not be compared, and why. It counts neither as equal nor as different. */
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
  /** Closed windows that equal the aggregation of their silver rows without the late ones. */
  readonly equalWindows: number;
  /**
   * Silver rows, counted once for each of their windows, that were dropped because their window had
   * closed.
   */
  readonly late: number;
  /**
   * Event time is complete up to here: windows that end by it are closed. Null before any is
   * closed.
   */
  readonly watermark: string | null;
  /** Committed silver files that the query has not read yet, which is its lag. */
  readonly unreadFiles: number;
}

/** How gold compares with silver: all tables together, and each one. */
export interface GoldReport extends Pick<GoldTableReport, 'equalWindows' | 'late' | 'unreadFiles'> {
  /** The lowest of the tables' watermarks. Null when one has none. */
  readonly watermark: string | null;
  readonly tables: readonly GoldTableReport[];
}

/** The result of `--deep`: rows that equal what their records give. */
export interface DeepReport {
  /** Records of the topic that were read. */
  readonly records: number;
  readonly equalRows: Readonly<Record<'bronze' | 'silver' | 'quarantine', number>>;
  /** Records that belong in quarantine, by reason. Reasons without a record are left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Records that belong in silver for which an expectation (`expect`) is false, by its name. */
  readonly unmet: Readonly<Record<string, number>>;
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
  /**
   * Silver rows that gold dropped because their windows had closed, and those that it counted in
   * closed windows.
   */
  readonly gold: {
    readonly dropped: number;
    readonly counted: number;
    readonly open: number;
    readonly undecided: number;
  };
}

/** The result of `--answer-key`. */
export interface AnswerKeyReport {
  readonly file: string;
  /** Lines that name a record. */
  readonly lines: number;
  /**
   * Lines about records that may be in the topic, at an offset that the producer did not receive.
   * They are not checked.
   */
  readonly unplaced: number;
  readonly faults: readonly FaultReport[];
}

/**
 * The result of one verification. Counts are rows in committed, unpruned files. `gold` covers all
 * gold tables together.
 */
export interface VerifyReport {
  /**
   * Whether there is no difference. Lag, pruned ranges and what could not be compared are no
   * differences.
   */
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
  /** The first ones of each kind and sink. */
  readonly differences: readonly Difference[];
  /** All differences, including unlisted ones. */
  readonly differenceCount: number;
}

/** The kinds of differences, with what `from` and `to` refer to. */
export const DIFFERENCE_KINDS = {
  'other-topic': 'The checkpoint belongs to another topic.',
  'checkpoint-missing': 'There are outputs, but no checkpoint that shows what they should hold.',
  'behind-checkpoint': 'The topic ends before what was already read: it was recreated, or lost its tail.',
  'lost-to-retention': 'The topic no longer has records that were not read yet.',
  'file-doubled': 'A micro-batch has more than one file that holds all of it, or parts next to such a file.',
  'file-unreadable': 'A committed file cannot be read.',
  'foreign-row': 'Rows are of another topic, or lack topic, partition or offset.',
  missing: 'Records that were committed are not in bronze.',
  unexpected: 'Bronze has offsets that no committed micro-batch read.',
  aborted: 'Bronze has a record whose transaction was aborted.',
  doubled: 'A record is in the same sink more than once.',
  'in-neither': 'A bronze row is in neither silver nor quarantine.',
  'in-both': 'A bronze row is in silver and in quarantine.',
  'without-bronze': 'A row has no bronze row.',
  'value-wrong': 'A row has other values than its record gives.',
  'wrong-sink': 'A record is in silver that belongs in quarantine, or the other way round.',
  'wrong-reason': 'A record is in quarantine for another reason than its value gives.',
  'csv-rows': 'A micro-batch has not as many rows in raw_csv as in silver.',
  'csv-txns': 'A micro-batch has other values in the first column of raw_csv than in silver.',
  'csv-values': 'A row of raw_csv has other values than its silver row.',
  'gold-doubled': 'A window of the same keys is in gold more than once.',
  'gold-missing': 'A closed window is not in gold.',
  'gold-extra': 'A window in gold has no silver rows.',
  'gold-wrong': 'A window in gold differs from the aggregation of its silver rows.',
  'gold-early': 'A window is in gold before it was closed.',
  'watermark-wrong': 'The watermark that a micro-batch left is not the one that its records give.',
  'key-unfulfilled': 'A record of the answer key did not land where the key says.',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCE_KINDS;

/** One difference between topic and outputs, or among outputs. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The sink concerned. Null for the topic or the checkpoint. */
  readonly sink: OutputName | null;
  readonly topic: string;
  readonly partition: number | null;
  /**
   * First and last offset concerned, inclusive. Null for a difference that is not about offsets.
   */
  readonly from: number | null;
  readonly to: number | null;
  /** Records, rows, windows or files concerned. */
  readonly count: number;
  readonly detail: string;
}

/** Collects differences. All are counted, and the first of each kind and sink are kept. */
export class DifferenceLog {
  readonly kept: Difference[] = [];
  /** All differences, kept or not. */
  total = 0;
  readonly #perKind = new Map<string, number>();
  readonly #topic: string;
  readonly #keptPerKind: number;

  constructor(topic: string, keptPerKind = 50) {
    this.#topic = topic;
    this.#keptPerKind = keptPerKind;
  }

  add(
    difference: Pick<Difference, 'kind' | 'sink' | 'count'> &
      Partial<Pick<Difference, 'partition' | 'from' | 'to' | 'detail'>>,
  ): void {
    const room = this.room(difference.kind, difference.sink);
    this.addUnlisted(difference, 1);
    if (room === 0) return;
    const detail = difference.detail ?? DIFFERENCE_KINDS[difference.kind];
    this.kept.push({ topic: this.#topic, partition: null, from: null, to: null, ...difference, detail });
  }

  /** Counts differences that were found but not fetched. */
  addUnlisted({ kind, sink }: Pick<Difference, 'kind' | 'sink'>, count: number): void {
    const key = `${kind} ${sink}`;
    this.#perKind.set(key, (this.#perKind.get(key) ?? 0) + count);
    this.total += count;
  }

  /** An empty log of the same topic. */
  fresh(): DifferenceLog {
    return new DifferenceLog(this.#topic, this.#keptPerKind);
  }

  /** Appends everything from another log. */
  append(other: DifferenceLog): void {
    this.kept.push(...other.kept);
    this.total += other.total;
    for (const [key, count] of other.#perKind) this.#perKind.set(key, (this.#perKind.get(key) ?? 0) + count);
  }

  /** How many more of a kind are worth fetching in detail. */
  room(kind: DifferenceKind, sink: OutputName | null): number {
    return Math.max(0, this.#keptPerKind - (this.#perKind.get(`${kind} ${sink}`) ?? 0));
  }
}

/**
 * Notes unreadable files, and micro-batches that are there more than once, after the last pruned
 * micro-batch.
 */
export function noteFiles(
  sink: OutputName,
  loaded: LoadedSink,
  prunedThrough: number,
  log: DifferenceLog,
): void {
  for (const { file, reason } of loaded.unreadable) {
    if (file.batch <= prunedThrough) continue;
    log.add({ kind: 'file-unreadable', sink, count: 1, detail: `${basename(file.path)}: ${reason}` });
  }
  const byBatch = new Map<number, SinkFile[]>();
  for (const file of [...loaded.files, ...loaded.unreadable.map(({ file: unreadable }) => unreadable)]) {
    if (file.batch <= prunedThrough) continue;
    byBatch.set(file.batch, [...(byBatch.get(file.batch) ?? []), file]);
  }
  for (const [batch, files] of byBatch) {
    if (files.length === 1 || areParts(files)) continue;
    const detail = `batch ${batch} has ${files
      .map(({ path }) => basename(path))
      .sort()
      .join(' and ')}`;
    log.add({ kind: 'file-doubled', sink, count: files.length, detail });
  }
}

/** Whether these are parts of one attempt at a micro-batch: their names differ only in the part. */
function areParts(files: readonly SinkFile[]): boolean {
  const others = new Set(files.map(({ path, part }) => (part === undefined ? '' : stemOf(path))));
  return others.size === 1 && !others.has('');
}

const stemOf = (path: string): string => path.slice(0, path.lastIndexOf('_'));
