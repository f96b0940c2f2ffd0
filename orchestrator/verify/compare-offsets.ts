import { type Database, isVanished, sqlText } from '../lake/database.ts';
import { FILE, sourceOf } from '../lake/file-source.ts';
import type { LoadedSink } from '../lake/load-sink.ts';
import type { DifferenceKind, DifferenceLog } from './report.ts';
import {
  BUCKET_SIZE,
  bitCount,
  type LineageSink,
  maskOfRange,
  OffsetRanges,
  RangeBuilder,
  type SurveyedBucket,
} from './survey-offsets.ts';

/** What bronze should hold of one partition: offsets in [from, to). */
export interface ExpectedRange {
  readonly from: number;
  readonly to: number;
}

export interface OffsetComparison {
  /** By partition. A partition without an entry should have no rows at all. */
  readonly expected: ReadonlyMap<number, ExpectedRange>;
  /**
   * The last micro-batch pruned from a sink, -1 for none. Only later files count: earlier ones may
   * be deleted at any time.
   */
  readonly prunedThrough: (sink: LineageSink) => number;
}

/** What was found in one partition. */
interface PartitionTally {
  bronze: number;
  /** Additional rows of bronze for offsets that it already has. */
  doubled: number;
}

/** Offsets that are doubled within one file. The survey's mask cannot identify them. */
export interface DoubledWithinFile extends SurveyedBucket {
  readonly extraRows: number;
}

export interface OffsetFindings {
  /** Committed offsets that are not in bronze, by partition. Not every offset holds a record. */
  readonly gaps: ReadonlyMap<number, OffsetRanges>;
  readonly partitions: ReadonlyMap<number, PartitionTally>;
  readonly rows: ReadonlyMap<LineageSink, number>;
  readonly doubledWithinFiles: readonly DoubledWithinFile[];
}

/**
 * Buckets with doubles inside one file whose place is kept to find the offsets. Further ones are
 * only counted.
 */
const KEPT_DOUBLES = 20;

/**
 * Compares bronze with what was committed, and silver and quarantine with bronze.
 * A micro-batch writes its rows to all three sinks, so the outcome of a record is checked only in
 * micro-batches that no sink has pruned.
 * @param buckets ascending by partition and bucket
 */
export async function compareOffsets(
  buckets: AsyncIterable<SurveyedBucket>,
  comparison: OffsetComparison,
  log: DifferenceLog,
): Promise<OffsetFindings> {
  const walk = new Walk(comparison, log);
  let group: SurveyedBucket[] = [];
  for await (const bucket of buckets) {
    const [first] = group;
    if (first && (first.partition !== bucket.partition || first.bucket !== bucket.bucket)) {
      walk.visit(group);
      group = [];
    }
    group.push(bucket);
  }
  walk.visit(group);
  return walk.end();
}

const DETAILS: Partial<Record<DifferenceKind, string>> = {
  'in-neither': 'in bronze, and in neither silver nor quarantine',
  'in-both': 'in silver and in quarantine',
  'without-bronze': 'not in bronze',
};

class Walk {
  readonly #comparison: OffsetComparison;
  readonly #log: DifferenceLog;
  /** All three sinks have the files after this batch. */
  readonly #comparableAfter: number;
  readonly #tallies = new Map<number, PartitionTally>();
  readonly #rows = new Map<LineageSink, number>();
  readonly #doubledWithinFiles: DoubledWithinFile[] = [];
  readonly #builders = new Map<string, RangeBuilder>();
  readonly #gaps = new Map<number, OffsetRanges>();
  #partition: number | undefined;
  #expected: ExpectedRange = { from: 0, to: 0 };
  /** The expected offsets below this one were checked. */
  #reached = 0;

  constructor(comparison: OffsetComparison, log: DifferenceLog) {
    this.#comparison = comparison;
    this.#log = log;
    const { prunedThrough } = comparison;
    this.#comparableAfter = Math.max(
      prunedThrough('bronze'),
      prunedThrough('silver'),
      prunedThrough('quarantine'),
    );
  }

  /** Processes all rows of one bucket. */
  visit(group: readonly SurveyedBucket[]): void {
    const [first] = group;
    if (!first) return;
    if (first.partition !== this.#partition) this.#enter(first.partition);
    const { bucket } = first;
    const start = bucket * BUCKET_SIZE;
    this.#gap().addRange(this.#reached, Math.min(start, this.#expected.to));
    this.#reached = Math.max(this.#reached, start + BUCKET_SIZE);

    const bronze = this.#sink(group, 'bronze');
    const silver = this.#sink(group, 'silver');
    const quarantine = this.#sink(group, 'quarantine');
    const expected = maskOfRange(bucket, this.#expected.from, this.#expected.to);
    this.#gap().addMask(bucket, expected & ~bronze.mask);
    this.#builder('unexpected', 'bronze').addMask(bucket, bronze.mask & ~expected);
    const outcome = silver.comparable | quarantine.comparable;
    this.#builder('in-neither', 'bronze').addMask(bucket, bronze.comparable & ~outcome);
    this.#builder('in-both', 'silver').addMask(bucket, silver.comparable & quarantine.comparable);
    this.#builder('without-bronze', 'silver').addMask(bucket, silver.comparable & ~bronze.mask);
    this.#builder('without-bronze', 'quarantine').addMask(bucket, quarantine.comparable & ~bronze.mask);
    this.#tally(first.partition).bronze += bronze.rows;
    this.#tally(first.partition).doubled += bronze.rows - bitCount(bronze.mask);
  }

  end(): OffsetFindings {
    this.#leave();
    for (const partition of [...this.#comparison.expected.keys()].sort((a, b) => a - b)) {
      if (!this.#tallies.has(partition)) this.#enter(partition);
    }
    this.#leave();
    return {
      gaps: this.#gaps,
      partitions: this.#tallies,
      rows: this.#rows,
      doubledWithinFiles: this.#doubledWithinFiles,
    };
  }

  /**
   * Adds one sink's part of a bucket, and notes offsets that are doubled across and within its
   * files.
   */
  #sink(group: readonly SurveyedBucket[], sink: LineageSink) {
    const pruned = this.#comparison.prunedThrough(sink);
    let mask = 0n;
    let comparable = 0n;
    let doubled = 0n;
    let rows = 0;
    for (const part of group) {
      if (part.sink !== sink || part.batch <= pruned) continue;
      const extraRows = part.rows - bitCount(part.mask);
      if (extraRows > 0) this.#noteDoubledWithin({ ...part, extraRows });
      doubled |= mask & part.mask;
      mask |= part.mask;
      if (part.batch > this.#comparableAfter) comparable |= part.mask;
      rows += part.rows;
    }
    this.#rows.set(sink, (this.#rows.get(sink) ?? 0) + rows);
    this.#builder('doubled', sink).addMask(group[0]?.bucket ?? 0, doubled);
    return { mask, comparable, rows };
  }

  #noteDoubledWithin(part: DoubledWithinFile): void {
    if (this.#doubledWithinFiles.length < KEPT_DOUBLES) {
      this.#doubledWithinFiles.push(part);
      return;
    }
    const { sink, partition, bucket, extraRows } = part;
    const from = bucket * BUCKET_SIZE;
    const detail = `${extraRows} rows too many among these offsets, in batch ${part.batch}`;
    this.#log.add({
      kind: 'doubled',
      sink,
      partition,
      from,
      to: from + BUCKET_SIZE - 1,
      count: extraRows,
      detail,
    });
  }

  #enter(partition: number): void {
    this.#leave();
    this.#partition = partition;
    this.#expected = this.#comparison.expected.get(partition) ?? { from: 0, to: 0 };
    this.#reached = this.#expected.from;
    this.#tally(partition);
  }

  /** Ends the current partition. What was expected and not reached is a gap. */
  #leave(): void {
    if (this.#partition === undefined) return;
    this.#gap().addRange(this.#reached, this.#expected.to);
    for (const builder of this.#builders.values()) builder.end();
    this.#builders.clear();
    this.#partition = undefined;
  }

  #gap(): RangeBuilder {
    const partition = this.#partition ?? 0;
    return this.#builderOf('gap', (from, to) => {
      const ranges = this.#gaps.get(partition) ?? new OffsetRanges();
      this.#gaps.set(partition, ranges);
      ranges.push(from, to);
    });
  }

  #builder(kind: DifferenceKind, sink: LineageSink): RangeBuilder {
    const partition = this.#partition ?? 0;
    return this.#builderOf(`${kind} ${sink}`, (from, to) => {
      const detail = DETAILS[kind];
      const range = { kind, sink, partition, from, to: to - 1, count: to - from };
      this.#log.add(detail === undefined ? range : { ...range, detail });
    });
  }

  /** The range builder of the current partition. It ends with the partition. */
  #builderOf(key: string, onRange: (from: number, to: number) => void): RangeBuilder {
    const existing = this.#builders.get(key);
    if (existing) return existing;
    const builder = new RangeBuilder(onRange);
    this.#builders.set(key, builder);
    return builder;
  }

  #tally(partition: number): PartitionTally {
    const existing = this.#tallies.get(partition);
    if (existing) return existing;
    const tally = { bronze: 0, doubled: 0 };
    this.#tallies.set(partition, tally);
    return tally;
  }
}

/** Determines which offsets a file has more than once, and notes them. */
export async function noteDoubledInFiles(
  database: Database,
  doubled: readonly DoubledWithinFile[],
  loaded: ReadonlyMap<LineageSink, LoadedSink>,
  topic: string,
  log: DifferenceLog,
): Promise<void> {
  for (const place of doubled) {
    const offsets = await offsetsAt(database, place, loaded.get(place.sink), topic);
    const { sink, partition, bucket, batch, extraRows } = place;
    if (offsets.length === 0) {
      const [from, to] = [bucket * BUCKET_SIZE, bucket * BUCKET_SIZE + BUCKET_SIZE - 1];
      const detail = `${extraRows} rows too many among these offsets, in batch ${batch}; its file was pruned before it could be read again`;
      log.add({ kind: 'doubled', sink, partition, from, to, count: extraRows, detail });
    }
    for (const { offset, rows } of offsets) {
      const detail = `${rows} rows in the file of batch ${batch}`;
      log.add({ kind: 'doubled', sink, partition, from: offset, to: offset, count: rows - 1, detail });
    }
  }
}

async function offsetsAt(
  database: Database,
  { sink, partition, bucket, batch }: DoubledWithinFile,
  loaded: LoadedSink | undefined,
  topic: string,
): Promise<readonly { readonly offset: number; readonly rows: number }[]> {
  const files = (loaded?.files ?? []).filter((file) => file.batch === batch);
  const first = bucket * BUCKET_SIZE;
  try {
    const rows = await database.all(`
      SELECT "offset", count(*) FROM ${await sourceOf(sink, files)}
      WHERE topic = ${sqlText(topic)} AND "partition" = ${partition}
        AND "offset" >= ${first} AND "offset" < ${first + BUCKET_SIZE}
      GROUP BY ${FILE}, "offset" HAVING count(*) > 1 ORDER BY "offset"`);
    return rows.map(([offset, count]) => ({ offset: Number(offset), rows: Number(count) }));
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}
